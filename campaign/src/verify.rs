//! The comparison of a run with itself.

use sim::chain::{Divergence, first_divergence};
use sim::{BuildError, Keep, LoopFactory, Operation, RunPlan, Twin};

/// Runs a plan twice and says where the two first differ; `None` when they are the same, bit for bit.
///
/// # Errors
/// The world cannot be built.
pub fn verify(
    operation: &Operation,
    plan: &RunPlan,
    make_loop: &LoopFactory,
) -> Result<Option<Divergence>, BuildError> {
    let run = || {
        let mut twin = Twin::new(
            operation,
            plan,
            make_loop,
            Keep {
                links: true,
                ..Keep::default()
            },
        )?;
        twin.run_to_end();
        Ok(twin.links().unwrap_or_default().to_vec())
    };
    Ok(first_divergence(&run()?, &run()?))
}
