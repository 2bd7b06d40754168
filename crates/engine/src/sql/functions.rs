//! Which functions a statement may call. Every function that DataFusion has is in one of these lists: a new one is a
//! decision (a test sees to it).

/// What tells the time, by all its names, keywords too.
pub(super) const CLOCK: &[&str] =
    &["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "now", "today"];

/// Functions of one row's values.
const SCALAR: &[&str] = &[
    // Numbers.
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "cot",
    "degrees",
    "exp",
    "factorial",
    "floor",
    "gcd",
    "isnan",
    "iszero",
    "lcm",
    "ln",
    "log",
    "log10",
    "log2",
    "nanvl",
    "pi",
    "power",
    "radians",
    "round",
    "signum",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
    // Text.
    "ascii",
    "bit_length",
    "btrim",
    "character_length",
    "chr",
    "concat",
    "concat_ws",
    "contains",
    "ends_with",
    "find_in_set",
    "initcap",
    "left",
    "levenshtein",
    "lower",
    "ltrim",
    "octet_length",
    "overlay",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "regexp_replace",
    "replace",
    "reverse",
    "right",
    "rtrim",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "substr_index",
    "to_hex",
    "translate",
    "upper",
    // Bytes and digests.
    "decode",
    "digest",
    "encode",
    "md5",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    // Dates and times.
    "current_date",
    "current_time",
    "date_bin",
    "date_part",
    "date_trunc",
    "from_unixtime",
    "make_date",
    "make_time",
    "now",
    "to_char",
    "to_date",
    "to_local_time",
    "to_time",
    "to_timestamp",
    "to_timestamp_micros",
    "to_timestamp_millis",
    "to_timestamp_nanos",
    "to_timestamp_seconds",
    "to_unixtime",
    // Nulls, comparison, types.
    "arrow_typeof",
    "coalesce",
    "greatest",
    "least",
    "nullif",
    "nvl",
    "nvl2",
    // Structs, maps, unions.
    "get_field",
    "map",
    "map_entries",
    "map_extract",
    "map_keys",
    "map_values",
    "named_struct",
    "struct",
    "union_extract",
    "union_tag",
    // Arrays.
    "array_add",
    "array_any_value",
    "array_append",
    "array_avg",
    "array_compact",
    "array_concat",
    "array_dims",
    "array_distance",
    "array_distinct",
    "array_element",
    "array_except",
    "array_has",
    "array_has_all",
    "array_has_any",
    "array_intersect",
    "array_length",
    "array_max",
    "array_min",
    "array_ndims",
    "array_normalize",
    "array_pop_back",
    "array_pop_front",
    "array_position",
    "array_positions",
    "array_prepend",
    "array_product",
    "array_remove",
    "array_remove_all",
    "array_remove_n",
    "array_replace",
    "array_replace_all",
    "array_replace_n",
    "array_reverse",
    "array_scale",
    "array_slice",
    "array_sort",
    "array_subtract",
    "array_sum",
    "array_to_string",
    "array_union",
    "arrays_zip",
    "cardinality",
    "cosine_distance",
    "empty",
    "flatten",
    "inner_product",
    "make_array",
    "string_to_array",
];

/// Functions of many rows.
const AGGREGATE: &[&str] = &[
    "any_value",
    "approx_distinct",
    "approx_median",
    "approx_percentile_cont",
    "approx_percentile_cont_with_weight",
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "first_value",
    "grouping",
    "last_value",
    "max",
    "median",
    "min",
    "nth_value",
    "percentile_cont",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "string_agg",
    "sum",
    "var",
    "var_pop",
];

/// Functions of a row's neighbours.
const WINDOW: &[&str] = &[
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

/// Whether `name` (its main name, not an alias) may be called with values.
pub(super) fn allows_scalar(name: &str) -> bool {
    SCALAR.contains(&name)
}

/// Whether `name` may be called as an aggregate.
pub(super) fn allows_aggregate(name: &str) -> bool {
    AGGREGATE.contains(&name)
}

/// Whether `name` may be called as a window function.
pub(super) fn allows_window(name: &str) -> bool {
    WINDOW.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::logical_expr::Volatility;
    use datafusion::prelude::SessionContext;
    use std::collections::BTreeSet;

    /// A few bytes make as much output as the caller likes, outside what the memory pool counts.
    const GROWING: &[&str] = &["array_repeat", "array_resize", "generate_series", "lpad", "range", "repeat", "rpad"];

    /// They name a type in a text that is only read when they run: of any size, in a time zone that there is not.
    const TYPING: &[&str] = &["arrow_cast", "arrow_try_cast"];

    /// They tell of the server or its files, not of the data.
    const INTERNAL: &[&str] = &["file_row_index", "input_file_name", "version"];

    /// They read or set Arrow's own annotations, which are no part of a dataset.
    const ANNOTATING: &[&str] = &["arrow_field", "arrow_metadata", "cast_to_type", "try_cast_to_type", "with_metadata"];

    /// The same question must have the same answer while the data is the same.
    const CHANCE: &[&str] = &["random", "uuid"];

    /// They take functions as arguments, which the dialect does not write.
    const HIGHER: &[&str] = &["array_any_match", "array_filter", "array_first", "array_transform"];

    #[test]
    fn what_does_not_go_by_its_arguments_alone_tells_the_time() {
        let state = SessionContext::new().state();
        let mut found = BTreeSet::new();
        for function in state.scalar_functions().values().filter(|function| SCALAR.contains(&function.name())) {
            if function.signature().volatility != Volatility::Immutable {
                found.insert(function.name().to_owned());
                found.extend(function.aliases().iter().cloned());
            }
        }
        assert!(found.contains("now") && found.iter().all(|name| CLOCK.contains(&name.as_str())), "{found:?}");
    }

    #[test]
    fn every_function_is_allowed_or_refused_on_purpose() {
        let state = SessionContext::new().state();
        let scalar: BTreeSet<_> = state.scalar_functions().values().map(|f| f.name().to_owned()).collect();
        let aggregate: BTreeSet<_> = state.aggregate_functions().values().map(|f| f.name().to_owned()).collect();
        let window: BTreeSet<_> = state.window_functions().values().map(|f| f.name().to_owned()).collect();
        let higher: BTreeSet<_> = state.higher_order_functions().values().map(|f| f.name().to_owned()).collect();
        let set = |lists: &[&[&str]]| -> BTreeSet<String> {
            lists.iter().flat_map(|list| list.iter().map(|name| name.to_string())).collect()
        };
        assert_eq!(scalar, set(&[SCALAR, GROWING, TYPING, INTERNAL, ANNOTATING, CHANCE]));
        assert_eq!(aggregate, set(&[AGGREGATE]));
        assert_eq!(window, set(&[WINDOW]));
        assert_eq!(higher, set(&[HIGHER]));
    }
}
