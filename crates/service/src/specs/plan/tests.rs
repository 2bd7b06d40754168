//! The pipelines of the contract's table, by id, title and needs.

use super::*;
use serde_json::json;

fn plan(resources: &Json, more: &Json) -> Result<Plan, String> {
    let mut contents = json!({
        "meta": {"owner": "me", "ownerid": "me", "dataset": "d", "version": 1, "findability": "published"},
        "inputs": [{"kind": "datapackage", "url": "/data/datapackage.json", "parameters": {"descriptor": {"resources": resources}}}],
    });
    for (key, value) in more.as_object().unwrap() {
        contents[key.as_str()] = value.clone();
    }
    let spec = Spec::parse(contents.as_object().unwrap())?;
    let descriptor = spec.descriptor.clone().unwrap();
    Plan::of(&spec, &descriptor)
}

fn birthdays() -> Json {
    json!({"name": "birthdays", "path": "birthdays.csv", "schema": {"fields": [{"name": "day", "type": "date"}]}})
}

fn told(plan: &Plan) -> Vec<(String, &'static str, Vec<String>)> {
    let told = |pipeline: &Pipeline| {
        let needs = pipeline.needs.iter().map(|need| plan.pipelines[*need].name.clone()).collect();
        (pipeline.name.clone(), pipeline.title, needs)
    };
    plan.pipelines.iter().map(told).collect()
}

fn row(name: &str, title: &'static str, needs: &[&str]) -> (String, &'static str, Vec<String>) {
    (name.to_owned(), title, needs.iter().map(|need| (*need).to_owned()).collect())
}

#[test]
fn one_table_comes_to_seven_pipelines() {
    let plan = plan(&json!([birthdays()]), &json!({})).unwrap();
    let before = ["validation_report", "birthdays_csv", "birthdays_json", "birthdays_csv_preview", "birthdays", "d_zip"];
    assert_eq!(
        told(&plan),
        [
            row("validation_report", "Validating package contents", &[]),
            row("birthdays_csv", "Creating CSV", &[]),
            row("birthdays_json", "Creating JSON", &[]),
            row("birthdays_csv_preview", "Generating views", &["birthdays_csv"]),
            row("birthdays", "Copying source data", &[]),
            row("d_zip", "Creating ZIP", &["validation_report", "birthdays_csv", "birthdays_json"]),
            row("", "Creating Package", &before),
        ]
    );
    let ids: Vec<_> = plan.pipelines.iter().map(|pipeline| pipeline.id("me/d/3")).collect();
    assert_eq!((ids[1].as_str(), ids[6].as_str()), ("me/d/3/birthdays_csv", "me/d/3"));
}

#[test]
fn two_tables_come_to_eleven_and_what_is_no_table_is_copied() {
    let second = json!({"name": "other", "path": "other.csv", "schema": {"fields": [{"name": "a"}]}});
    let two = plan(&json!([birthdays(), second]), &json!({})).unwrap();
    assert_eq!(two.pipelines.len(), 11);
    let icon = json!({"name": "icon", "path": "icon.png"});
    let with_icon = plan(&json!([birthdays(), icon]), &json!({})).unwrap();
    assert_eq!(with_icon.pipelines.len(), 8);
    assert!(with_icon.pipeline("icon").is_some() && with_icon.pipeline("icon_csv").is_none());
    let nothing_but = plan(&json!([{"name": "icon", "path": "icon.png"}]), &json!({})).unwrap();
    assert_eq!(told(&nothing_but)[0], row("icon", "Copying source data", &[]));
    assert!(nothing_but.pipeline("validation_report").is_none());
}

#[test]
fn a_schema_without_fields_makes_a_table_whose_columns_are_inferred() {
    let plan = plan(&json!([{"name": "a", "path": "a.csv", "schema": {"fields": []}}]), &json!({})).unwrap();
    assert_eq!((plan.tables.len(), plan.tables[0].schema.as_ref(), plan.pipelines.len()), (1, None, 7));
}

#[test]
fn processing_makes_tables_of_sheets() {
    let sheets = json!({"processing": [
        {"input": "book", "output": "First", "tabulator": {"headers": 1, "sheet": 1}},
        {"input": "book", "output": "second", "tabulator": {"sheet": 2}, "schema": {"fields": [{"name": "a"}]}},
    ]});
    let plan = plan(&json!([{"name": "book", "path": "book.xlsx"}]), &sheets).unwrap();
    let names: Vec<_> = plan.tables.iter().map(|table| (table.name.as_str(), table.schema.is_some())).collect();
    assert_eq!(names, [("first", false), ("second", true)]);
    assert_eq!(plan.pipelines.len(), 1 + 2 * 3 + 1 + 1 + 1);
    assert!(plan.pipeline("book").is_some() && plan.pipeline("second_csv_preview").is_some());
}

#[test]
fn a_resource_processed_into_itself_is_one_table() {
    let skip = json!({"processing": [{"input": "birthdays", "output": "birthdays", "tabulator": {"skip_rows": [1]}}]});
    let plan = plan(&json!([birthdays()]), &skip).unwrap();
    assert_eq!((plan.tables.len(), plan.pipelines.len()), (1, 7));
    assert!(plan.tables[0].tabulator.is_some() && plan.tables[0].schema.is_some());
}

#[test]
fn outputs_name_the_zip_and_ask_for_parquet() {
    let outputs = json!({"outputs": [{"kind": "zip", "parameters": {"out-file": "all.zip"}}, {"kind": "parquet"}]});
    let plan = plan(&json!([birthdays()]), &outputs).unwrap();
    assert!(plan.pipeline("all_zip").is_some() && plan.pipeline("d_zip").is_none());
    let parquet = plan.pipelines.iter().position(|pipeline| pipeline.name == "birthdays_parquet").unwrap();
    assert!(plan.pipelines.last().unwrap().needs.contains(&parquet));
}

#[test]
fn names_that_meet_are_refused() {
    let icon = json!({"name": "birthdays_csv", "path": "icon.png"});
    assert!(plan(&json!([birthdays(), icon]), &json!({})).unwrap_err().contains("'birthdays_csv'"));
    let shouted = json!({"outputs": [{"kind": "zip", "parameters": {"out-file": "Birthdays.csv"}}]});
    assert!(plan(&json!([birthdays()]), &shouted).unwrap_err().contains("'Birthdays_csv'"));
    let wrong = json!({"processing": [{"input": "nope", "output": "x"}]});
    assert!(plan(&json!([birthdays()]), &wrong).unwrap_err().contains("processing[0].input: there is no resource 'nope'"));
    let twice = json!({"processing": [{"input": "birthdays", "output": "x"}, {"input": "birthdays", "output": "X"}]});
    assert!(plan(&json!([birthdays()]), &twice).unwrap_err().contains("processing[1].output: there is another table 'x'"));
}

#[test]
fn copies_are_called_as_the_files_are_unless_two_are_called_the_same() {
    let names = |resources: &[(&'static str, &str)]| {
        archive_names(resources.iter().map(|(name, file)| (*name, (*file).to_owned())).collect::<Vec<_>>().into_iter())
    };
    assert_eq!(names(&[("a", "a.csv"), ("b", "a.csv"), ("c", "c.csv")]), ["a.csv", "b-a.csv", "c.csv"]);
    assert_eq!(names(&[("x", "b-a.csv"), ("a", "a.csv"), ("b", "a.csv")]), ["b-a.csv", "a.csv", "b-2-a.csv"]);
}
