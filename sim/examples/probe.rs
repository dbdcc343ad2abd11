use sim::state::*;
use sim::*;
fn main() {
    let folder = std::path::Path::new("scenarios");
    let name = std::env::args().nth(1).unwrap();
    let n: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let mut read = |f: &str| std::fs::read_to_string(folder.join(f)).map_err(|e| e.to_string());
    let text = read(&name).unwrap();
    let mut op = Operation::from_ron(&text, &mut read).unwrap();
    op.plant.kind = sim::plant::PlantKind::Articulated;
    let mut zmin = 9.0f64;
    let mut zs = vec![];
    for seed in 1..=n {
        let plan = RunPlan::of_seed(&op, seed, op.duration_ns);
        let mut t = Twin::new(&op, &plan, &own_loop, Keep::default()).unwrap();
        let mut z = 9.0f64;
        let mut c = 9.0f64;
        let mut d = 0.0f64;
        let mut f = 0.0f64;
        let mut ext = [[0.0f64; 2]; 7];
        let mut md = [0.0f64; 4];
        while !t.is_over() {
            t.step();
            let b = t.world().resource::<Body>();
            for a in 0..op.arms.len() {
                let j = b.0.joints(a);
                let tip = op.arms[a].base * op.arms[a].tip_pose(&j);
                if op.arms[a].joint_count == 7 {
                    z = z.min(tip.translation.vector.z);
                }
                let to = b.0.touch(a).unwrap();
                c = c.min(to.clearance_m);
                md[a] = md[a].max(to.remote_centre_deviation_m.norm());
                d = d.max(to.remote_centre_deviation_m.norm());
                f = f.max(to.tip_force_n);
                for k in 0..7 {
                    ext[k][0] = ext[k][0].min(j[k]);
                    ext[k][1] = ext[k][1].max(j[k]);
                }
            }
        }
        let o = t.outcome();
        let bad: Vec<_> = o
            .findings
            .iter()
            .filter(|f| f.violated_at_ns.is_some())
            .map(|f| {
                format!(
                    "{} {} @{}",
                    f.id,
                    f.detail,
                    f.violated_at_ns.unwrap() / 1000000
                )
            })
            .collect();
        println!(
            "{seed}: z {z:.4} clear {:.1} mm dev {:.3} mm force {f:.2} yaw {:.2?} pitch {:.2?} states {:?} trouble {:?} {:?}",
            c * 1e3,
            d * 1e3,
            ext[0],
            ext[1],
            o.state_ticks,
            t.world()
                .resource::<Body>()
                .0
                .troubles()
                .collect::<Vec<_>>(),
            bad
        );
        zmin = zmin.min(z);
        zs.push(z);
    }
    zs.sort_by(f64::total_cmp);
    println!("zmin {zmin} median {}", zs[zs.len() / 2]);
}
