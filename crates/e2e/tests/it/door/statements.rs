//! SQL as somebody would write it who wants to know what is kept from him.

use super::noise::Noise;
use super::queries::column;

const NUMBERS: &[&str] = &["id", "level", "divisor", "length(card)", "length(mail)"];
const TEXTS: &[&str] = &["\"Word\"", "digits", "\"full\"", "mail", "salary", "card", "born", "region"];
const AGGREGATES: &[&str] = &["count", "sum", "avg", "min", "max", "median", "stddev", "count(DISTINCT", "approx_distinct"];

fn quoted(noise: &mut Noise) -> String {
    format!("\"{}\"", column(noise))
}

fn number(noise: &mut Noise) -> String {
    let one = noise.pick(NUMBERS);
    match noise.below(9) {
        0 => format!("10 / ({one})"),
        1 => format!("1000 % ({one} - 1)"),
        2 => format!("{one} * 900000000000000"),
        3 => "CAST(digits AS BIGINT)".to_owned(),
        4 => format!("CAST({} AS INT)", noise.pick(TEXTS)),
        5 => format!("abs({one} - {})", noise.below(100)),
        6 => "CASE WHEN divisor > 0 THEN 100 / divisor ELSE 0 END".to_owned(),
        _ => one.to_owned(),
    }
}

fn text(noise: &mut Noise) -> String {
    let one = noise.pick(TEXTS);
    match noise.below(8) {
        0 => format!("upper({one})"),
        1 => format!("substr({one}, {}, 3)", noise.below(5)),
        2 => format!("replace({one}, '*', '#')"),
        3 => format!("split_part({one}, '@', 2)"),
        4 => format!("{one} || 'x'"),
        5 => format!("coalesce({one}, 'none')"),
        6 => format!("CAST({} AS VARCHAR)", noise.pick(&["id", "amount", "day", "redacted"])),
        _ => one.to_owned(),
    }
}

fn condition(noise: &mut Noise) -> String {
    match noise.below(11) {
        0 => format!("{} > {}", number(noise), noise.below(50)),
        1 => format!("{} = '***'", text(noise)),
        2 => format!("{} LIKE '{}'", text(noise), noise.pick(&["a%", "%9%", "****%", "[2%", "%b-%"])),
        3 => format!("{} IS NULL", quoted(noise)),
        4 => format!("{} IS NOT NULL", quoted(noise)),
        5 => format!("{} IN ('US', '7', '***', '[200,300)', 'a-7')", text(noise)),
        6 => "day > DATE '2020-06-01'".to_owned(),
        7 => format!("\"full\" {} 'a-5'", noise.pick(&["<", ">", "=", "<>"])),
        8 => "CAST(born AS DATE) < DATE '1980-01-01'".to_owned(),
        9 => "redacted > 0 OR redacted IS NULL".to_owned(),
        _ => format!("regexp_like({}, '^[a-z]+$')", text(noise)),
    }
}

fn aggregate(noise: &mut Noise) -> String {
    let function = noise.pick(AGGREGATES);
    let of = if noise.once_in(2) { number(noise) } else { quoted(noise) };
    if function.ends_with("DISTINCT") { format!("{function} {of})") } else { format!("{function}({of})") }
}

/// One statement over the dataset `t`.
pub(super) fn statement(noise: &mut Noise, t: &str) -> String {
    let (a, b) = (condition(noise), condition(noise));
    let (x, y, n, s) = (quoted(noise), quoted(noise), number(noise), text(noise));
    let limit = noise.pick(&["", "LIMIT 5", "LIMIT 3 OFFSET 390", "LIMIT 1000"]);
    match noise.below(22) {
        0 => format!("SELECT * FROM {t} WHERE {a} AND {b} ORDER BY id {limit}"),
        1 => format!("SELECT {n} AS n, {s} AS s FROM {t} WHERE {a} ORDER BY 1, 2 {limit}"),
        2 => format!("SELECT {n} FROM {t} {limit}"),
        3 => format!("SELECT {x}, count(*), {} FROM {t} GROUP BY {x} HAVING count(*) > 2 ORDER BY 1", aggregate(noise)),
        4 => format!("SELECT {}, {}, count(*) FROM {t} WHERE {a}", aggregate(noise), aggregate(noise)),
        5 => format!("SELECT DISTINCT {x}, {y} FROM {t} WHERE {a} OR {b} ORDER BY 1, 2 {limit}"),
        6 => format!("SELECT l.id, r.id FROM {t} l JOIN {t} r ON l.{x} = r.{x} AND l.id < r.id ORDER BY 1, 2 LIMIT 40"),
        7 => format!("SELECT count(*) FROM {t} l LEFT JOIN {t} r ON l.\"full\" = r.card WHERE r.id IS NULL"),
        8 => format!("SELECT id, row_number() OVER (PARTITION BY {x} ORDER BY id) AS n FROM {t} ORDER BY id {limit}"),
        9 => format!(
            "SELECT id, lag({x}) OVER (ORDER BY id) AS before, sum(level) OVER (ORDER BY id) AS s FROM {t} ORDER BY id {limit}"
        ),
        10 => format!("SELECT id FROM {t} WHERE {x} IN (SELECT {x} FROM {t} WHERE {a}) ORDER BY id {limit}"),
        11 => format!("SELECT id FROM {t} o WHERE EXISTS (SELECT 1 FROM {t} i WHERE i.id = 10 / o.divisor) ORDER BY id {limit}"),
        12 => format!("SELECT (SELECT max({x}) FROM {t}) AS m, (SELECT count(*) FROM {t} WHERE {a}) AS n"),
        13 => format!("WITH w AS (SELECT {x} AS x, {n} AS n FROM {t}) SELECT x, sum(n) FROM w GROUP BY x ORDER BY x"),
        14 => format!("SELECT {s} FROM {t} WHERE {a} UNION SELECT {s} FROM {t} WHERE {b} ORDER BY 1 {limit}"),
        15 => format!("EXPLAIN SELECT {x} FROM {t} WHERE {a}"),
        16 => format!("DESCRIBE {t}"),
        17 => format!(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_name = '{t}' ORDER BY 1"
        ),
        18 => "SELECT table_name FROM information_schema.tables ORDER BY 1".to_owned(),
        19 => format!("SELECT hidden_text FROM {t}"),
        20 => format!("SELECT * FROM {t} ORDER BY {x}, id DESC {limit}"),
        _ => format!("SELECT CASE WHEN {a} THEN 1 / (level - 3) ELSE 0 END AS n FROM {t} WHERE {b} ORDER BY 1 {limit}"),
    }
}
