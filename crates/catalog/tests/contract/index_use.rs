//! With 100,000 datasets, look-ups and pages are read by indexes.

use crate::support::{Site, on_both, project};
use datahall_catalog::{Dataset, List};

on_both!(a_hundred_thousand_datasets_are_read_by_indexes);

async fn a_hundred_thousand_datasets_are_read_by_indexes(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await.meta.id;
    let numbers = if site.is_sqlite() {
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
    } else {
        "WITH n(i) AS (SELECT generate_series(1, 100000))"
    };
    // Filled past the catalog, which would take its time; the page ids are not those it would give.
    site.execute(&format!(
        "{numbers} INSERT INTO \"datasets\" SELECT 'id' || i, 1, 0, '', 0, '', '{project}', 'N' || i, 'n' || i, 'p' || i, 'api', \
         'private', NULL, NULL, 0, '{{}}' FROM n; ANALYZE"
    ))
    .await;
    let explain = async |list: List<Dataset>| catalog.explain(&list).await.unwrap().join("\n");
    let by_name = explain(List::all().only("project", &project).only("name", "N5000")).await;
    let page = explain(List::all().only("project", &project).order_by("name").page(50, 0)).await;
    let of_apis =
        explain(List::all().only("project", &project).only("origin", "api").at_least("name", "n5").order_by("name").page(50, 0))
            .await;
    let others = explain(List::all().only("project", &project).none_of("id", ["id7"]).order_by("name").page(50, 0)).await;
    let everywhere = explain(List::all().order_by("name").page(50, 1000)).await;
    let by_page = explain(List::all().only("page_id", "p77")).await;
    let by_id = explain(List::all().only("id", "id77")).await;
    let using = |plan: &str, index: &str| {
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("Seq Scan") && !plan.contains("TEMP B-TREE FOR ORDER BY"), "{plan}");
    };
    using(&by_page, "datasets_by_page_id");
    using(&everywhere, "datasets_on_name_key");
    using(&by_id, if site.is_sqlite() { "sqlite_autoindex_datasets_1" } else { "datasets_pkey" });
    // The planner may take either index: with one project both are as good.
    for plan in [&by_name, &page, &of_apis, &others] {
        using(plan, if plan.contains("on_name_key") { "datasets_on_name_key" } else { "datasets_by_project_name" });
    }

    let found = catalog.find(Dataset::by_name(&project, "n99999")).await.unwrap().unwrap();
    assert_eq!(found.meta.id, "id99999");
    let page =
        catalog.list(&List::<Dataset>::all().only("project", &project).order_by("name").page(2, 99_998).with_total()).await;
    let page = page.unwrap();
    assert_eq!((page.items[1].name.as_str(), page.total), ("N99999", Some(100_000)));
}
