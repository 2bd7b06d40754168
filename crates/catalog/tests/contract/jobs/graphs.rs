//! Random graphs with random outcomes: every activity ends in a state that its needs justify.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What becomes of an activity when it is done: it ends well, it fails, its worker is lost for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Fails,
    Lost,
}

#[derive(Debug, Clone)]
struct Graph {
    /// Each with the earlier ones it needs.
    activities: Vec<(Vec<usize>, Fate)>,
    /// After how many claims the job is aborted.
    abort_after: Option<usize>,
}

fn graphs() -> impl Strategy<Value = Graph> {
    let fate = prop_oneof![8 => Just(Fate::Done), 2 => Just(Fate::Fails), 1 => Just(Fate::Lost)];
    let activity = (prop::collection::vec(any::<prop::sample::Index>(), 0..3), fate);
    let activities = prop::collection::vec(activity, 1..12).prop_map(|all| {
        let needs = |(at, (needs, fate)): (usize, (Vec<prop::sample::Index>, Fate))| {
            (if at == 0 { Vec::new() } else { needs.iter().map(|need| need.index(at)).collect() }, fate)
        };
        all.into_iter().enumerate().map(needs).collect()
    });
    (activities, prop::option::weighted(0.2, 0usize..8)).prop_map(|(activities, abort_after)| Graph { activities, abort_after })
}

async fn run(graph: &Graph) {
    let site = Site::sqlite();
    let (catalog, clock) = open(&site).await;
    let texts: Vec<String> = graph
        .activities
        .iter()
        .enumerate()
        .map(|(at, (needs, _))| {
            let needs: Vec<_> = needs.iter().map(|need| format!("n{need}")).collect();
            format!("n{at} <- {} -> o{}", needs.join(", "), at % 3)
        })
        .collect();
    let id = start(&catalog, &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut claims = 0;
    let mut aborted = false;
    loop {
        if graph.abort_after == Some(claims) && !aborted {
            aborted = true;
            if catalog.abort_job(&actor(), &id).await.is_err() {
                break;
            }
        }
        let Some(claimed) = claim(&catalog, "w").await else {
            // What was lost of an aborted job is not claimed again; workers look after it now and then.
            if catalog.bury_activities(&RULES).await.unwrap() == 0 {
                break;
            }
            continue;
        };
        claims += 1;
        let at: usize = claimed.activity.name[1..].parse().unwrap();
        match graph.activities[at].1 {
            Fate::Done => assert!(finish(&catalog, &claimed.claim, done()).await),
            Fate::Fails => assert!(finish(&catalog, &claimed.claim, End::Failed("no".into())).await),
            Fate::Lost => {
                clock.advance(15);
                catalog.bury_activities(&RULES).await.unwrap();
            }
        }
    }
    justified(&catalog, &id, graph).await;
}

async fn justified(catalog: &Catalog, id: &str, graph: &Graph) {
    let all = catalog.list(&List::<Activity>::all().only("job", id)).await.unwrap().items;
    let states: BTreeMap<_, _> = all.iter().map(|activity| (activity.name.clone(), activity.state)).collect();
    for activity in &all {
        let at: usize = activity.name[1..].parse().unwrap();
        let fate = graph.activities[at].1;
        let needs_done = activity.needs.iter().all(|need| states[need] == JobState::Done);
        match activity.state {
            JobState::Done => assert!(needs_done && fate == Fate::Done, "{activity:?}"),
            JobState::Failed if needs_done => assert_ne!(fate, Fate::Done, "{activity:?}"),
            JobState::Failed => {
                assert!(activity.needs.iter().any(|need| states[need] == JobState::Failed), "{activity:?}");
                assert!(activity.reason.as_ref().unwrap().contains("which it needs"), "{activity:?}");
                assert_eq!(activity.attempts, 0);
            }
            JobState::Aborted => assert!(graph.abort_after.is_some(), "{activity:?}"),
            state => panic!("{} is left {state:?}", activity.name),
        }
    }
    let job = job(catalog, id).await;
    let has = |state| states.values().any(|other| *other == state);
    let expected = if has(JobState::Aborted) {
        JobState::Aborted
    } else if has(JobState::Failed) {
        JobState::Failed
    } else {
        JobState::Done
    };
    assert_eq!((job.state, job.ended_at.is_some()), (expected, true));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: if std::env::var("DATAHALL_LONG").is_ok() { 500 } else { 30 },
        ..ProptestConfig::default()
    })]
    #[test]
    fn every_activity_ends_in_a_state_that_its_needs_justify(graph in graphs()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(&graph));
    }
}
