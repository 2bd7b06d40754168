//! Which pipelines a spec comes to, what each makes and which others it needs (contract `specs`, 4). Pure: the same spec has the
//! same plan on every server and after every restart.

use super::contents::{Output, Processing, Spec};
use super::descriptor::{self, Resource};
use super::steps::Steps;
use crate::Object;
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};

/// The pipelines of a spec.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// What is copied as it is.
    pub(super) resources: Vec<Resource>,
    /// The tables that are made.
    pub(super) tables: Vec<Table>,
    /// In the order in which they are listed and begun; the last is the package's.
    pub(super) pipelines: Vec<Pipeline>,
    /// What the copy of each resource is called.
    pub(super) archive: Vec<String>,
}

/// A table that is made of a resource.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// Its name, cleaned.
    pub(super) name: String,
    /// Which of the resources it is made of.
    pub(super) resource: usize,
    /// How that is read where `processing` says so, instead of what the resource says.
    pub(super) tabulator: Option<Object>,
    /// Its Table Schema; none: its columns are inferred.
    pub(super) schema: Option<Json>,
    /// What is done to its rows once they are read.
    pub(super) steps: Steps,
}

/// One pipeline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pipeline {
    /// What its id ends in, after the flow's; empty for the package's, which has the flow's id.
    pub(super) name: String,
    /// What it is called, for people.
    pub(super) title: &'static str,
    /// The places of those it needs.
    pub(super) needs: Vec<usize>,
    pub(super) step: Step,
}

/// What a pipeline does. Numbers are places in the plan's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Reports of what is wrong in each table.
    Report,
    /// A table as CSV, and as a table of the server's own.
    Csv(usize),
    /// A table as JSON.
    Json(usize),
    /// A table as Parquet.
    Parquet(usize),
    /// The first rows of a table.
    Preview(usize),
    /// The source file of a resource.
    Copy(usize),
    /// All of it in one file of that name.
    Zip(String),
    /// The descriptor, which makes the revision one.
    Package,
}

impl Pipeline {
    /// Its id.
    pub(super) fn id(&self, flow: &str) -> String {
        if self.name.is_empty() { flow.to_owned() } else { format!("{flow}/{}", self.name) }
    }
}

impl Plan {
    /// The plan of a spec whose descriptor is this.
    ///
    /// # Errors
    /// What is wrong with the descriptor, with `processing`, or with names that meet.
    pub(super) fn of(spec: &Spec, descriptor: &Object) -> Result<Self, String> {
        let resources = descriptor::resources(descriptor)?;
        let tables = tables(&resources, &spec.processing)?;
        let archive = archive_names(resources.iter().map(|resource| (resource.name.as_str(), resource.file_name())));
        let mut plan = Self { resources, tables, pipelines: Vec::new(), archive };
        plan.add_pipelines(&spec.outputs);
        plan.check_names()?;
        Ok(plan)
    }

    /// The pipeline whose id ends in `name`.
    pub(super) fn pipeline(&self, name: &str) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.name == name)
    }

    fn add_pipelines(&mut self, outputs: &[Output]) {
        let mut for_zip = Vec::new();
        if !self.tables.is_empty() {
            for_zip.push(self.add("validation_report", "Validating package contents", vec![], Step::Report));
        }
        for table in 0..self.tables.len() {
            let name = self.tables[table].name.clone();
            let csv = self.add(&format!("{name}_csv"), "Creating CSV", vec![], Step::Csv(table));
            let json = self.add(&format!("{name}_json"), "Creating JSON", vec![], Step::Json(table));
            for_zip.extend([csv, json]);
            if outputs.contains(&Output::Parquet) {
                self.add(&format!("{name}_parquet"), "Creating Parquet", vec![], Step::Parquet(table));
            }
            self.add(&format!("{name}_csv_preview"), "Generating views", vec![csv], Step::Preview(table));
        }
        for resource in 0..self.resources.len() {
            let name = self.resources[resource].name.clone();
            self.add(&name, "Copying source data", vec![], Step::Copy(resource));
        }
        for output in outputs {
            if let Output::Zip(file) = output {
                self.add(&file.replace('.', "_"), "Creating ZIP", for_zip.clone(), Step::Zip(file.clone()));
            }
        }
        let all = (0..self.pipelines.len()).collect();
        self.add("", "Creating Package", all, Step::Package);
    }

    fn add(&mut self, name: &str, title: &'static str, needs: Vec<usize>, step: Step) -> usize {
        self.pipelines.push(Pipeline { name: name.to_owned(), title, needs, step });
        self.pipelines.len() - 1
    }

    fn check_names(&self) -> Result<(), String> {
        let mut taken = HashMap::with_capacity(self.pipelines.len());
        for pipeline in &self.pipelines {
            // Files and resources of the package are called so.
            if taken.insert(descriptor::clean(&pipeline.name), pipeline.title).is_some() {
                return Err(format!("two pipelines would be called '{}': give their resources other names", pipeline.name));
            }
        }
        Ok(())
    }
}

fn tables(resources: &[Resource], processing: &[Processing]) -> Result<Vec<Table>, String> {
    let mut tables = Vec::new();
    for (at, resource) in resources.iter().enumerate() {
        if let Some(schema) = resource.schema() {
            let schema = Some(schema.clone()).filter(says_something);
            tables.push(Table { name: resource.name.clone(), resource: at, tabulator: None, schema, steps: Steps::default() });
        }
    }
    for (at, one) in processing.iter().enumerate() {
        let called = |resource: &Resource| {
            resource.name == one.input || resource.descriptor.get("name").and_then(Json::as_str) == Some(&one.input)
        };
        let Some(resource) = resources.iter().position(called) else {
            return Err(format!("processing[{at}].input: there is no resource '{}'", one.input.escape_debug()));
        };
        let table = Table {
            name: one.output.clone(),
            resource,
            tabulator: Some(one.tabulator.clone()),
            schema: one.schema.clone().filter(says_something),
            steps: one.steps.clone(),
        };
        let same = |there: &Table| there.name.replace(['-', '.'], "_") == table.name.replace(['-', '.'], "_");
        match tables.iter().position(same) {
            // A resource that is processed into itself.
            Some(there) if tables[there].tabulator.is_none() && tables[there].resource == resource => {
                let schema = table.schema.clone().or_else(|| tables[there].schema.clone());
                tables[there] = Table { schema, ..table };
            }
            Some(_) => return Err(format!("processing[{at}].output: there is another table '{}'", table.name)),
            None => tables.push(table),
        }
    }
    Ok(tables)
}

/// What the copies of resources, of these names and with these files, are called: as the files are, unless two are called the same.
fn archive_names<'a>(resources: impl Iterator<Item = (&'a str, String)> + Clone) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut names = Vec::new();
    for (name, file) in resources {
        // Names of resources are different, so one of these is free.
        let own = [file.clone(), format!("{name}-{file}")].into_iter();
        let mut candidates = own.chain((2..).map(|number: u32| format!("{name}-{number}-{file}")));
        let free = candidates.find(|candidate| taken.insert(candidate.to_lowercase()));
        names.push(free.unwrap_or(file));
    }
    names
}

/// Whether a schema has fields; one that has none is to be inferred.
fn says_something(schema: &Json) -> bool {
    schema.get("fields").is_some_and(|fields| fields.as_array().is_none_or(|fields| !fields.is_empty()))
}

#[cfg(test)]
mod tests;
