//! The hash chain over the whole state, a link a tick.

use bevy_ecs::prelude::Resource;
use xxhash_rust::xxh3::xxh3_64;

/// The parts of the state that get a digest of their own, in the order of a tick.
pub const COMPONENTS: [&str; 7] = [
    "surgeon",
    "console",
    "network",
    "robot loop",
    "plant",
    "truth",
    "monitors",
];

/// One tick's digests, in the order of [`COMPONENTS`].
pub type Link = [u64; COMPONENTS.len()];

/// The chain: every link is folded into one number that names the run's whole history.
#[derive(Resource, Clone, Default)]
pub struct Chain {
    value: u64,
    links: Option<Vec<Link>>,
    buffer: Vec<u8>,
}

impl Chain {
    /// A chain that keeps every link, so that two runs can be compared tick by tick.
    pub fn keeping_links() -> Self {
        Self {
            links: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// The hash of all links so far.
    pub fn value(&self) -> u64 {
        self.value
    }

    /// Every link since the start, if they were kept.
    pub fn links(&self) -> Option<&[Link]> {
        self.links.as_deref()
    }

    /// The digest of what `fold` pours into its sink.
    pub(crate) fn digest(&mut self, fold: impl FnOnce(&mut dyn FnMut(&[u8]))) -> u64 {
        self.buffer.clear();
        let buffer = &mut self.buffer;
        fold(&mut |bytes| buffer.extend_from_slice(bytes));
        xxh3_64(&self.buffer)
    }

    /// Adds a tick's link.
    pub(crate) fn add(&mut self, link: Link) {
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.value.to_le_bytes());
        for digest in link {
            self.buffer.extend_from_slice(&digest.to_le_bytes());
        }
        self.value = xxh3_64(&self.buffer);
        if let Some(links) = &mut self.links {
            links.push(link);
        }
    }
}

/// Where two runs first differ: the tick and the names of the components that differ in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The first tick whose links differ.
    pub tick: u64,
    /// The components whose digests differ in that tick.
    pub components: Vec<&'static str>,
}

/// Compares two runs link by link; `None` when they are equal over the shorter of the two.
pub fn first_divergence(one: &[Link], other: &[Link]) -> Option<Divergence> {
    let tick = one.iter().zip(other).position(|(a, b)| a != b)?;
    let components = COMPONENTS
        .iter()
        .zip(one[tick].iter().zip(&other[tick]))
        .filter(|(_, (a, b))| a != b)
        .map(|(name, _)| *name)
        .collect();
    Some(Divergence {
        tick: tick as u64,
        components,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tick_and_component_that_differ_are_named() {
        let mut other = vec![[1; 7], [2; 7], [3; 7]];
        let one = other.clone();
        assert_eq!(first_divergence(&one, &other), None);
        other[1][4] = 9;
        other[2][0] = 9;
        let divergence = first_divergence(&one, &other).expect("they differ");
        assert_eq!(
            divergence,
            Divergence {
                tick: 1,
                components: vec!["plant"]
            }
        );
    }

    #[test]
    fn a_chain_remembers_the_order_of_its_links() {
        let (mut one, mut other) = (Chain::default(), Chain::default());
        one.add([1; 7]);
        one.add([2; 7]);
        other.add([2; 7]);
        other.add([1; 7]);
        assert_ne!(one.value(), other.value());
    }
}
