//! What is wrong with single rows.

/// Problems that are told one by one; of more only the number is known.
const TOLD: usize = 100;

/// What is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line on which the row begins, from 1; where a format has no lines, the row.
    pub line: u64,
    /// The name of the column, where it is in one.
    pub column: Option<String>,
    /// The place of the column in the row, from 1.
    pub field: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// The rows that are wrong: how many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many rows are wrong.
    pub total: u64,
    /// The first hundred, by their lines.
    pub first: Vec<Problem>,
}

impl Report {
    /// Adds one row.
    pub(super) fn add(&mut self, problem: Problem) {
        self.total += 1;
        if self.first.len() < TOLD {
            self.first.push(problem);
        }
    }

    /// Adds what was found further down, where `lines` lines had been read before.
    pub(super) fn append(&mut self, later: Self, lines: u64) {
        self.total += later.total;
        let room = TOLD - self.first.len();
        self.first.extend(later.first.into_iter().take(room).map(|problem| Problem { line: problem.line + lines, ..problem }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: u64) -> Problem {
        Problem { line, column: None, field: None, message: String::new() }
    }

    #[test]
    fn a_hundred_are_told_and_all_are_counted() {
        let (mut first, mut second) = (Report::default(), Report::default());
        (1..=70).for_each(|line| first.add(problem(line)));
        (1..=70).for_each(|line| second.add(problem(line)));
        first.append(second, 1000);
        assert_eq!((first.total, first.first.len(), first.first[70].line, first.first[99].line), (140, 100, 1001, 1030));
        first.add(problem(9));
        assert_eq!((first.total, first.first.len()), (141, 100));
    }
}
