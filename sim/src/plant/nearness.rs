//! Which of two sets of rods come nearest: the work of every tick, so most of it is left out.

use nalgebra::Vector3;
use robot_model::Rod;

/// A rod, and the joint whose link it is of.
#[derive(Clone, Copy)]
pub(super) struct LinkRod {
    pub joint: usize,
    pub rod: Rod,
}

/// Two rods of two sets, by their places in them.
type Pair = (usize, usize);

/// Which rods of two sets come nearest, and how near the others can be at most: a distance found once shrinks by no
/// more than what both sets have travelled since. It saves work and changes no result.
#[derive(Clone, Default)]
pub(super) struct Nearness {
    /// Of each pair its distance when it was last found, and the travel of both sets up to then, m.
    bounds_m: Vec<f64>,
    closest: Option<Pair>,
}

/// More than all rounding in a bound, m.
const ROUNDING_M: f64 = 1e-8;

impl Nearness {
    /// Finds the closest pair; none where no pair is nearer than `within_m`. Both sets have travelled `travel_m` in all.
    pub fn look(&mut self, rods: &[LinkRod], others: &[LinkRod], travel_m: f64, within_m: f64) {
        let count = rods.len() * others.len();
        if self.bounds_m.len() != count {
            self.bounds_m = vec![f64::NEG_INFINITY; count];
            self.closest = None;
        }
        let mut best_m = within_m;
        if let Some((one, other)) = self.closest {
            let likely_m = rods[one].rod.clearance_m(&others[other].rod);
            // Of pairs that are equally close the first counts, this one too: hence the least step above its distance.
            best_m = best_m.min(likely_m.next_up());
        }
        self.closest = None;
        let mut bounds = self.bounds_m.iter_mut();
        for (one, rod) in rods.iter().enumerate() {
            for ((other, other_rod), bound_m) in others.iter().enumerate().zip(&mut bounds) {
                if *bound_m - travel_m - ROUNDING_M >= best_m {
                    continue;
                }
                let distance_m = rod.rod.clearance_m(&other_rod.rod);
                *bound_m = distance_m + travel_m;
                if distance_m < best_m {
                    best_m = distance_m;
                    self.closest = Some((one, other));
                }
            }
        }
    }

    /// Where the closest pair comes nearest, and the joints of both links.
    pub fn nearest(&self, rods: &[LinkRod], others: &[LinkRod]) -> Option<(Nearest, usize, usize)> {
        let (one, other) = self.closest?;
        let (one, other) = (rods.get(one)?, others.get(other)?);
        Some((nearest(&one.rod, &other.rod), one.joint, other.joint))
    }
}

/// Where two rods come nearest.
#[derive(Clone, Copy)]
pub(super) struct Nearest {
    pub distance_m: f64,
    /// Half way between the surfaces.
    pub point_m: Vector3<f64>,
    /// From the second to the first; a unit vector, or zero where the segments meet.
    pub normal: Vector3<f64>,
}

/// Where two rods come nearest: the quadratic's minimum, held inside both segments.
pub(super) fn nearest(a: &Rod, b: &Rod) -> Nearest {
    let (along_a, along_b) = (a.to_m - a.from_m, b.to_m - b.from_m);
    let between = a.from_m - b.from_m;
    let (aa, bb, ab) = (
        along_a.norm_squared(),
        along_b.norm_squared(),
        along_a.dot(&along_b),
    );
    let (ac, bc) = (along_a.dot(&between), along_b.dot(&between));
    let share = |projection: f64, square: f64| {
        if square > 0.0 {
            (projection / square).clamp(0.0, 1.0)
        } else {
            0.0
        }
    };
    let parallel = aa * bb - ab * ab;
    let start = if parallel > f64::EPSILON * aa * bb {
        ((ab * bc - ac * bb) / parallel).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let on_b = share(ab * start + bc, bb);
    let on_a = share(ab * on_b - ac, aa);
    let (point_a, point_b) = (a.from_m + along_a * on_a, b.from_m + along_b * on_b);
    let apart = point_a - point_b;
    let length_m = apart.norm();
    let normal = if length_m > 0.0 {
        apart / length_m
    } else {
        Vector3::zeros()
    };
    let surface_a = point_a - normal * a.radius_m;
    let surface_b = point_b + normal * b.radius_m;
    Nearest {
        distance_m: length_m - a.radius_m - b.radius_m,
        point_m: (surface_a + surface_b) * 0.5,
        normal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use net_model::Stream;

    fn rod(stream: &mut Stream) -> LinkRod {
        let mut point = || Vector3::from_fn(|_, _| stream.uniform() - 0.5);
        LinkRod {
            joint: 0,
            rod: Rod {
                from_m: point(),
                to_m: point(),
                radius_m: 0.02,
            },
        }
    }

    /// Moves both ends of all rods at random; returns how far any end has come at most, m.
    fn stir(rods: &mut [LinkRod], size_m: f64, stream: &mut Stream) -> f64 {
        let mut farthest_m = 0.0_f64;
        for LinkRod { rod, .. } in rods {
            for end in [&mut rod.from_m, &mut rod.to_m] {
                let step = Vector3::from_fn(|_, _| size_m * (stream.uniform() - 0.5));
                farthest_m = farthest_m.max(step.norm());
                *end += step;
            }
        }
        farthest_m
    }

    #[test]
    fn what_is_left_out_is_never_what_comes_nearest() {
        let mut stream = Stream::new(1, "rods");
        let mut rods: Vec<LinkRod> = (0..6).map(|_| rod(&mut stream)).collect();
        let mut others: Vec<LinkRod> = (0..5).map(|_| rod(&mut stream)).collect();
        let (mut nearness, mut within) = (Nearness::default(), Nearness::default());
        let (mut travel_m, mut changes, mut last) = (0.0, 0, None);
        for tick in 0..20_000 {
            // Slow for a while, then a leap: bounds grow old, and are overtaken.
            let size_m = if tick % 500 == 0 { 0.3 } else { 2e-3 };
            travel_m += stir(&mut rods, size_m, &mut stream);
            travel_m += stir(&mut others, size_m, &mut stream);
            nearness.look(&rods, &others, travel_m, f64::INFINITY);
            within.look(&rods, &others, travel_m, 0.05);
            let mut least = (f64::INFINITY, None);
            for (one, rod) in rods.iter().enumerate() {
                for (other, other_rod) in others.iter().enumerate() {
                    let distance_m = rod.rod.clearance_m(&other_rod.rod);
                    if distance_m < least.0 {
                        least = (distance_m, Some((one, other)));
                    }
                }
            }
            assert_eq!(nearness.closest, least.1, "tick {tick}");
            let is_within = least.0 < 0.05;
            assert_eq!(within.closest, least.1.filter(|_| is_within), "tick {tick}");
            changes += u32::from(nearness.closest != last);
            last = nearness.closest;
        }
        assert!(changes > 100, "{changes} changes: too few to tell anything");
    }

    #[test]
    fn a_pair_that_is_far_is_not_looked_at_again_until_it_may_have_come_near() {
        let mut stream = Stream::new(2, "rods");
        let rods: Vec<LinkRod> = (0..6).map(|_| rod(&mut stream)).collect();
        let others: Vec<LinkRod> = (0..5).map(|_| rod(&mut stream)).collect();
        let mut nearness = Nearness::default();
        nearness.look(&rods, &others, 0.0, f64::INFINITY);
        // A bound that is written anew tells that its pair was looked at.
        let before = nearness.bounds_m.clone();
        nearness.look(&rods, &others, 1e-6, f64::INFINITY);
        let looked_at = before
            .iter()
            .zip(&nearness.bounds_m)
            .filter(|(before, now)| before != now);
        assert!(looked_at.count() < 8, "of {} pairs", before.len());
    }
}
