//! Which types contain themselves: where a `Box` is needed, and which default ends.

use std::collections::HashSet;

use super::gate::Gate;
use super::select::Selection;
use crate::ir::{Schema, TypeId, TypeKind};

/// Containment facts about every type of a schema.
#[derive(Debug)]
pub(crate) struct Cycles {
    /// Pairs of types where the first has to box the second.
    boxed: HashSet<(usize, usize)>,
    /// Steps a default value needs to end; `None` when it cannot end.
    depth: Vec<Option<u32>>,
}

impl Cycles {
    /// Computes the facts for the part of `schema` that `kept` selects.
    ///
    /// A cycle is broken where a box shows least: at a branch of an alternate, else at a branch of a
    /// union, else at a member.
    pub(crate) fn new(schema: &Schema, kept: &Selection<'_>) -> Self {
        let mut edges: Vec<Vec<Edge>> = (0..schema.types.len()).map(|index| contained(schema, kept, index)).collect();
        let mut boxed = HashSet::new();
        for place in [Place::AlternateBranch, Place::UnionBranch, Place::Member] {
            let component = components(&edges);
            for (from, targets) in edges.iter_mut().enumerate() {
                targets.retain(|edge| {
                    let inside = edge.place == place && component[edge.to] == component[from];
                    if inside {
                        boxed.insert((from, edge.to));
                    }
                    !inside
                });
            }
        }
        Self { boxed, depth: depths(schema, kept) }
    }

    /// True when a value of `inner` held by `outer` has to be boxed.
    pub(crate) fn boxed(&self, outer: TypeId, inner: TypeId) -> bool {
        self.boxed.contains(&(outer.0 as usize, inner.0 as usize))
    }

    /// Steps until the default value of `id` ends; `None` when a value would contain itself for ever.
    pub(crate) fn depth(&self, id: TypeId) -> Option<u32> {
        self.depth[id.0 as usize]
    }
}

/// Where one type holds another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    AlternateBranch,
    UnionBranch,
    Member,
}

/// One type holds another without a `Vec` in between.
#[derive(Debug, Clone, Copy)]
struct Edge {
    to: usize,
    place: Place,
}

/// What a value of type `index` holds.
fn contained(schema: &Schema, kept: &Selection<'_>, index: usize) -> Vec<Edge> {
    let edge = |place: Place| move |id: TypeId| Edge { to: id.0 as usize, place };
    match &schema.types[index].kind {
        TypeKind::Object(object) => {
            let members = kept.members(object).map(|(member, _)| member.ty).map(edge(Place::Member));
            let branches = kept.cases(object).into_iter().filter_map(|case| case.ty);
            members.chain(branches.map(edge(Place::UnionBranch))).collect()
        }
        TypeKind::Alternate(alternate) => {
            let branches = kept.alternatives(alternate).map(|(branch, _)| branch.ty);
            branches.map(edge(Place::AlternateBranch)).collect()
        }
        TypeKind::Builtin(_) | TypeKind::Enum(_) | TypeKind::Array(_) => Vec::new(),
    }
}

/// Tarjan's algorithm with an explicit stack, so that no schema can exhaust the thread's.
fn components(edges: &[Vec<Edge>]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let mut order = vec![UNSEEN; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut component = vec![UNSEEN; edges.len()];
    let (mut open, mut next, mut found) = (Vec::new(), 0, 0);
    for start in 0..edges.len() {
        if order[start] != UNSEEN {
            continue;
        }
        let mut path = vec![(start, 0)];
        while let Some((node, edge)) = path.pop() {
            if edge == 0 {
                order[node] = next;
                low[node] = next;
                next += 1;
                open.push(node);
            }
            if let Some(&Edge { to, .. }) = edges[node].get(edge) {
                path.push((node, edge + 1));
                if order[to] == UNSEEN {
                    path.push((to, 0));
                } else if component[to] == UNSEEN {
                    low[node] = low[node].min(order[to]);
                }
                continue;
            }
            if let Some(&(parent, _)) = path.last() {
                low[parent] = low[parent].min(low[node]);
            }
            if low[node] == order[node] {
                while let Some(member) = open.pop() {
                    component[member] = found;
                    if member == node {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    component
}

/// Least fixed point of "a default ends when every part of it does".
fn depths(schema: &Schema, kept: &Selection<'_>) -> Vec<Option<u32>> {
    let mut depth: Vec<Option<u32>> = vec![None; schema.types.len()];
    loop {
        let mut changed = false;
        for index in 0..depth.len() {
            if depth[index].is_none() {
                let found = one_depth(schema, kept, index, &depth);
                changed |= found.is_some();
                depth[index] = found;
            }
        }
        if !changed {
            return depth;
        }
    }
}

fn one_depth(schema: &Schema, kept: &Selection<'_>, index: usize, depth: &[Option<u32>]) -> Option<u32> {
    let known = |id: TypeId| depth[id.0 as usize];
    match &schema.types[index].kind {
        TypeKind::Builtin(_) | TypeKind::Enum(_) | TypeKind::Array(_) => Some(0),
        TypeKind::Object(object) => {
            let required = kept.members(object).filter(|(member, _)| !member.optional);
            let members = required.map(|(member, _)| known(member.ty)).try_fold(0, |most, d| Some(most.max(d?)))?;
            // Only cases that are always there can serve as the default.
            let cases: Vec<_> = kept.cases(object).into_iter().filter(|case| case.gate == Gate::Always).collect();
            let branch = if cases.iter().all(|case| case.ty.is_some()) && !cases.is_empty() {
                cases.iter().filter_map(|case| known(case.ty?)).min()
            } else {
                Some(0)
            };
            Some(members.max(branch?).saturating_add(1))
        }
        TypeKind::Alternate(alternate) => {
            let branches = kept.alternatives(alternate).filter(|(_, gate)| *gate == Gate::Always);
            let mut branches = branches.map(|(branch, _)| branch.ty).peekable();
            if branches.peek().is_none() {
                return Some(0);
            }
            branches.filter_map(known).min().map(|d| d.saturating_add(1))
        }
    }
}
