#!/usr/bin/env python3
"""Regenerates sim/tests/data/: how a servo-driven arm moves, computed by MuJoCo.

The arms of assets/robots/toumai.ron are exported as URDF by `twin robot export` and driven in MuJoCo for two
seconds along the waves of sim/tests/plant.rs: set-points held for 1 ms, servos k·(r − q) + d·(r' − q') with
the set-point's own speed r', gravity compensated by its value at the start of each tick. Runge–Kutta of
fourth order with steps of 20 µs: what is stored is the limit of small steps, not MuJoCo's own habits. The
test `sim/tests/plant.rs` compares both engines with it, without Python.

    python3 -m venv venv && venv/bin/pip install pin==4.1.0 mujoco==4.0.0 yourdfpy==0.0.60
    cargo build --release -p twin
    venv/bin/python tools/plant_reference.py --twin target/release/twin

With --check nothing is written: the exit code says whether the stored values still are what the tools give.
"""

import argparse
import importlib.metadata
import json
import math
import sys

import mujoco
import numpy as np
from robot_reference import ROOT, WithMujoco, twin

DATA = ROOT / "sim" / "tests" / "data" / "toumai_servo.json"
ROBOT = "assets/robots/toumai.ron"
TICKS = 2000
EVERY = 50
SUBSTEPS = 50
# Greatest difference of a repeated computation, rad or m.
SAME = 1e-12


def waves(home, time_s):
    """As `waves` in sim/tests/plant.rs."""
    swing = [math.sin(2.0 * time_s + joint) - math.sin(joint) for joint in range(len(home))]
    size = [0.02 if joint == 2 else 0.2 for joint in range(len(home))]
    return np.array([h + s * w * min(1.0, time_s) for h, s, w in zip(home, size, swing)])


def drive(binary, arm, gravity):
    name, joints = arm["name"], arm["joints"]
    column = lambda key: np.array([joint[key] for joint in joints])
    urdf = twin(binary, "export", ROBOT, "--urdf", "--arm", name)
    model = WithMujoco(urdf, column("armature"), gravity)
    model.model.opt.timestep = 1e-3 / SUBSTEPS
    model.model.opt.integrator = mujoco.mjtIntegrator.mjINT_RK4
    # The springs and dampers of the servo are the joints' own, so that every stage of a step sees them.
    model.model.jnt_stiffness[:] = column("stiffness")
    model.model.qpos_spring[:] = 0.0
    model.model.dof_damping[:] = column("damping")
    data, home = model.data, column("home")
    data.qpos[:] = home
    data.qvel[:] = 0.0
    before, states = home, []
    for tick in range(TICKS):
        target = waves(home, tick * 1e-3)
        rate = (target - before) / 1e-3
        before = target
        # Gravity compensation: what the joints need at rest where they are, servo left out.
        still = data.qvel.copy()
        data.qvel[:] = 0.0
        mujoco.mj_forward(model.model, data)
        compensation = data.qfrc_bias.copy()
        data.qvel[:] = still
        data.qfrc_applied[:] = column("stiffness") * target + column("damping") * rate + compensation
        for _ in range(SUBSTEPS):
            mujoco.mj_step(model.model, data)
        if (tick + 1) % EVERY == 0:
            states.append(data.qpos.tolist())
    return {"arm": name, "joints": states}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--twin", required=True, help="the built `twin`")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    robot = json.loads(twin(arguments.twin, "show", ROBOT, "--json"))
    found = {
        "made_by": {tool: importlib.metadata.version(tool) for tool in ("mujoco", "numpy")},
        "every_ticks": EVERY,
        "arms": [drive(arguments.twin, arm, robot["gravity_m_s2"]) for arm in robot["arms"]],
    }
    if not arguments.check:
        DATA.parent.mkdir(exist_ok=True)
        DATA.write_text(json.dumps(found) + "\n")
        return
    stored = json.loads(DATA.read_text())
    for now, then in zip(found["arms"], stored["arms"], strict=True):
        error = float(np.abs(np.array(now["joints"]) - np.array(then["joints"])).max())
        if not error <= SAME:
            sys.exit(f"{now['arm']}: differs by {error:.3e} from what is stored")


if __name__ == "__main__":
    main()
