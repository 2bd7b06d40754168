//! Reading how many tests passed from what test runners print last.

/// How many tests passed and how many did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl Counts {
    /// `Summary [ 1.2s] 7 tests run: 5 passed (1 slow), 1 failed, 1 timed out, 2 skipped`.
    pub(super) fn of_nextest(lines: &[String]) -> Self {
        let summary = lines.iter().rev().find(|line| line.trim_start().starts_with("Summary ["));
        summary.map_or_else(Self::default, |line| Self {
            passed: number_before(line, "passed"),
            failed: number_before(line, "failed") + number_before(line, "timed out") + number_before(line, "exec failed"),
        })
    }

    /// `test result: ok. 3 passed; 0 failed; …`, once per test binary.
    pub(super) fn of_cargo_test(lines: &[String]) -> Self {
        let mut total = Self::default();
        for line in lines.iter().filter(|line| line.starts_with("test result:")) {
            total += Self { passed: number_before(line, "passed"), failed: number_before(line, "failed") };
        }
        total
    }

    /// `==== 1 failed, 5 passed, 2 errors in 3.21s ====`.
    pub(super) fn of_pytest(lines: &[String]) -> Self {
        let summary = lines.iter().rev().find(|line| line.contains(" in ") && line.starts_with('='));
        summary.map_or_else(Self::default, |line| Self {
            passed: number_before(line, "passed"),
            failed: number_before(line, "failed") + number_before(line, "error"),
        })
    }

    /// A runner that failed without a failed test (it could not start, say) counts as one.
    pub(super) fn or_one_failed(mut self, ok: bool) -> Self {
        if !ok && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let Some((before, _)) = line.split_once(&format!(" {word}")) else { return 0 };
    before.rsplit(|character: char| !character.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_runner_is_understood() {
        let nextest = lines("     Summary [   1.204s] 7 tests run: 5 passed (1 slow), 1 failed, 1 timed out, 2 skipped");
        assert_eq!(Counts::of_nextest(&nextest), Counts { passed: 5, failed: 2 });
        let cargo = lines("test result: ok. 3 passed; 0 failed; 0 ignored\ntest result: FAILED. 1 passed; 2 failed; 0 ignored");
        assert_eq!(Counts::of_cargo_test(&cargo), Counts { passed: 4, failed: 2 });
        let pytest = lines("test_a.py ..\n===== 1 failed, 12 passed, 2 errors in 3.21s =====");
        assert_eq!(Counts::of_pytest(&pytest), Counts { passed: 12, failed: 3 });
    }

    #[test]
    fn silence_with_a_bad_exit_is_a_failure() {
        assert_eq!(Counts::of_nextest(&[]).or_one_failed(false).failed, 1);
        assert_eq!(Counts::of_nextest(&[]).or_one_failed(true).failed, 0);
    }
}
