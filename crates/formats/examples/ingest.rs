//! Scratch: reads files and tells what they are.
use datahall_formats::ingest::*;
use std::ops::ControlFlow;
fn main() {
    for path in std::env::args().skip(1) {
        let name = path.rsplit('/').next().unwrap().to_owned();
        let scratch = std::env::temp_dir();
        let start = std::time::Instant::now();
        let file = File { path: path.clone().into(), name: name.clone(), scratch };
        match Survey::of(&file, &Hints::default(), &Limits::default()) {
            Err(fault) => println!("{{\"file\":\"{name}\",\"fault\":{:?}}}", format!("{fault:?}")),
            Ok(survey) => {
                let first = start.elapsed();
                let mut rows = 0;
                let read = survey.read(&mut |batch| {
                    rows += batch.num_rows();
                    ControlFlow::Continue(())
                });
                let total = start.elapsed();
                let columns: Vec<String> =
                    survey.schema.fields().iter().map(|field| format!("[{:?},{:?}]", field.name(), field.data_type().to_string())).collect();
                let status = std::fs::read_to_string("/proc/self/status").unwrap();
                let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap().to_owned();
                println!("{{\"file\":\"{name}\",\"rows\":{},\"reported\":{},\"columns\":[{}],\"warnings\":{:?},\"read\":{:?},\"survey_ms\":{},\"total_ms\":{},\"peak\":{:?}}}", rows, survey.report.total, columns.join(","), survey.told.warnings, format!("{:?}", read.is_ok()), first.as_millis(), total.as_millis(), peak);
            }
        }
    }
}
