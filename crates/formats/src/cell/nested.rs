//! Lists of every kind, structs, maps and unions.

use super::text::{push_quoted, push_string};
use super::{Cell, Column, Form};
use arrow::array::{Array, AsArray, OffsetSizeTrait, UnionArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, UnionMode};
use std::ops::Range;

/// Where the items of each row stand among `items`.
struct Lists<R> {
    range: R,
    items: Column,
}

impl<R: Fn(usize) -> Range<usize>> Cell for Lists<R> {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        out.push(b'[');
        let range = (self.range)(row);
        let first = range.start;
        for item in range {
            if item > first {
                out.push(b',');
            }
            self.items.json(item, out);
        }
        out.push(b']');
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.json(row, out);
        true
    }

    fn plain(&self) -> bool {
        false
    }
}

pub(super) fn lists<O: OffsetSizeTrait>(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    let list = array.as_list::<O>();
    let offsets = list.offsets().clone();
    // A slice of a long array resolves only the items it shows.
    let first = offsets.first().map_or(0, |offset| offset.as_usize());
    let last = offsets.last().map_or(0, |offset| offset.as_usize());
    let items = Column::new(&list.values().slice(first, last - first), form);
    Box::new(Lists { range: move |row: usize| offsets[row].as_usize() - first..offsets[row + 1].as_usize() - first, items })
}

pub(super) fn list_views<O: OffsetSizeTrait>(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    let list = array.as_list_view::<O>();
    let (offsets, sizes) = (list.offsets().clone(), list.sizes().clone());
    let range = move |row: usize| {
        let start = offsets[row].as_usize();
        start..start + sizes[row].as_usize()
    };
    Box::new(Lists { range, items: Column::new(list.values(), form) })
}

pub(super) fn fixed_lists(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    let list = array.as_fixed_size_list();
    let size = usize::try_from(list.value_length()).unwrap_or(0);
    let first = list.value_offset(0).max(0) as usize;
    let items = Column::new(&list.values().slice(first, size * list.len()), form);
    Box::new(Lists { range: move |row: usize| row * size..(row + 1) * size, items })
}

/// The columns of a row, each after its key: `{"a":` for the first, `,"b":` for the others.
struct Structs {
    members: Vec<(Vec<u8>, Column)>,
}

pub(super) fn structs(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    let array = array.as_struct();
    let names = array.column_names();
    let members = names.iter().zip(array.columns()).map(|(name, column)| (key(name), Column::new(column, form)));
    Box::new(Structs { members: members.collect() })
}

/// `"name":`, escaped once for all rows.
pub(crate) fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 3);
    push_string(name.as_bytes(), &mut key);
    key.push(b':');
    key
}

impl Cell for Structs {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        for (at, (key, member)) in self.members.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            member.json(row, out);
        }
        out.push(b'}');
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.json(row, out);
        true
    }

    fn plain(&self) -> bool {
        false
    }
}

struct Maps {
    offsets: ScalarBuffer<i32>,
    first: usize,
    keys: Column,
    values: Column,
}

pub(super) fn maps(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    let map = array.as_map();
    let offsets = map.offsets().inner().clone();
    let first = offsets.first().map_or(0, |offset| *offset as usize);
    let length = offsets.last().map_or(0, |offset| *offset as usize) - first;
    let keys = Column::new(&map.keys().slice(first, length), Form::Text);
    let values = Column::new(&map.values().slice(first, length), form);
    Box::new(Maps { offsets, first, keys, values })
}

impl Cell for Maps {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        let (start, end) = (self.offsets[row] as usize - self.first, self.offsets[row + 1] as usize - self.first);
        for entry in start..end {
            if entry > start {
                out.push(b',');
            }
            push_quoted(out, |out| {
                self.keys.text(entry, out);
            });
            out.push(b':');
            self.values.json(entry, out);
        }
        out.push(b'}');
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.json(row, out);
        true
    }

    fn plain(&self) -> bool {
        false
    }
}

struct Unions {
    array: UnionArray,
    /// By type id, which is never negative.
    children: Vec<Option<Column>>,
}

pub(super) fn unions(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    let array = array.as_union().clone();
    let mut children: Vec<Option<Column>> = Vec::new();
    if let DataType::Union(fields, mode) = array.data_type() {
        for (id, _) in fields.iter() {
            let child = array.child(id);
            debug_assert!(*mode == UnionMode::Dense || child.len() == array.len());
            let at = usize::from(id.unsigned_abs());
            children.resize_with(children.len().max(at + 1), || None);
            children[at] = Some(Column::new(child, form));
        }
    }
    Box::new(Unions { array, children })
}

impl Unions {
    fn child(&self, row: usize) -> Option<(&Column, usize)> {
        let id = usize::from(self.array.type_id(row).unsigned_abs());
        let child = self.children.get(id)?.as_ref()?;
        Some((child, self.array.value_offset(row)))
    }
}

impl Cell for Unions {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        match self.child(row) {
            Some((child, at)) => child.json(at, out),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.child(row).is_some_and(|(child, at)| child.text(at, out))
    }

    fn plain(&self) -> bool {
        self.children.iter().flatten().all(Column::plain)
    }
}

#[cfg(test)]
mod tests;
