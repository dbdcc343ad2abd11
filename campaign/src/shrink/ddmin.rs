//! Delta debugging: the smallest list that still fails.

/// Reduces a list to one from which no single item can be taken, asking `fails` of each shorter list that it tries.
///
/// `items` itself is taken to fail. Deterministic, and at most quadratic in the length of the list; logarithmic where
/// one item matters.
pub(super) fn ddmin<T: Clone>(items: Vec<T>, fails: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut items = items;
    let mut parts = 2;
    while items.len() >= 2 {
        let size = items.len().div_ceil(parts);
        let chunks: Vec<&[T]> = items.chunks(size).collect();
        let alone = chunks.iter().find(|chunk| fails(chunk));
        if let Some(chunk) = alone {
            items = chunk.to_vec();
            parts = 2;
            continue;
        }
        // With two parts the rest of one is the other, which was just tried.
        let without = (chunks.len() > 2)
            .then(|| {
                (0..chunks.len()).find_map(|left_out| {
                    let rest: Vec<T> = chunks
                        .iter()
                        .enumerate()
                        .filter(|(place, _)| *place != left_out)
                        .flat_map(|(_, chunk)| chunk.iter().cloned())
                        .collect();
                    fails(&rest).then_some(rest)
                })
            })
            .flatten();
        if let Some(rest) = without {
            items = rest;
            parts = (parts - 1).max(2);
        } else if parts >= items.len() {
            break;
        } else {
            parts = (2 * parts).min(items.len());
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduced(needed: &[u32], of: u32) -> (Vec<u32>, usize) {
        let mut runs = 0;
        let left = ddmin((0..of).collect(), &mut |some| {
            runs += 1;
            needed.iter().all(|item| some.contains(item))
        });
        (left, runs)
    }

    #[test]
    fn the_items_that_matter_are_left_wherever_they_stand() {
        for needed in [&[0][..], &[59], &[3, 41], &[0, 1, 2], &[7, 30, 58, 59]] {
            assert_eq!(reduced(needed, 60).0, needed);
        }
    }

    #[test]
    fn one_item_of_a_thousand_is_found_in_a_logarithm_of_runs() {
        let (left, runs) = reduced(&[700], 1_000);
        assert_eq!(left, [700]);
        assert!(runs <= 2 * 10, "{runs} runs");
    }

    #[test]
    fn a_list_of_one_is_left_alone() {
        assert_eq!(reduced(&[0], 1), (vec![0], 0));
    }
}
