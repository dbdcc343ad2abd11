#!/usr/bin/env python3
"""Regenerates robot_model/tests/data/: kinematics and dynamics of every robot that ships, by others.

Each arm is exported as URDF by `twin robot export`, loaded by Pinocchio, MuJoCo and yourdfpy, and moved
through seeded random states. The three must agree with one another; Pinocchio's values are stored.
The test `robot_model/tests/reference.rs` compares the stored values with the Rust code, without Python.

    python3 -m venv venv && venv/bin/pip install pin==4.1.0 mujoco==4.0.0 yourdfpy==0.0.60
    cargo build --release -p twin
    venv/bin/python tools/robot_reference.py --twin target/release/twin

With --check nothing is written: the exit code says whether the stored values still are what the tools give.
"""

import argparse
import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tempfile

import mujoco
import numpy as np
import pinocchio as pin
import yourdfpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "robot_model" / "tests" / "data"
ROBOTS = ["dvrk_classic", "dvrk_si_tool", "raven2", "toumai"]
STATES = 5
SEED = 20241116

# Greatest differences between the tools, absolute for poses, relative to the greatest entry for the rest.
POSE = 1e-12
DYNAMICS = 1e-10


def twin(binary, *arguments):
    run = subprocess.run([binary, "robot", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"twin robot {' '.join(arguments)}: {run.stderr}")
    return run.stdout


def agree(what, found, wanted, tolerance, relative):
    found, wanted = np.asarray(found), np.asarray(wanted)
    scale = max(1.0, float(np.abs(wanted).max())) if relative else 1.0
    error = float(np.abs(found - wanted).max()) / scale
    if not error <= tolerance:
        sys.exit(f"{what}: the tools differ by {error:.3e}, more than {tolerance:.0e}")
    return error


class WithPinocchio:
    """The arm in Pinocchio: tip, Jacobian, gravity, mass matrix, torques, accelerations."""

    def __init__(self, urdf, arm, armature, gravity):
        self.model = pin.buildModelFromXML(urdf)
        self.model.armature[:] = armature
        self.model.gravity.linear[:] = gravity
        # Friction is a torque that the caller adds, if at all: the stored dynamics have none.
        for name in ("damping", "friction", "lowerDryFrictionLimit", "upperDryFrictionLimit"):
            if hasattr(self.model, name):
                getattr(self.model, name)[:] = 0.0
        self.data = self.model.createData()
        self.arm = arm
        self.tip = self.model.getFrameId(f"{arm}_tip")

    def pose(self, q, link=None):
        pin.framesForwardKinematics(self.model, self.data, q)
        return self.data.oMf[self.model.getFrameId(link) if link else self.tip].homogeneous.copy()

    def jacobian(self, q):
        frame = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        return pin.computeFrameJacobian(self.model, self.data, q, self.tip, frame).copy()

    def mass_matrix(self, q):
        # Of the upper triangle only: the rest is unset. Newer versions add the armature themselves.
        matrix = np.triu(pin.crba(self.model, self.data, q))
        return matrix + np.triu(matrix, 1).T

    def gravity(self, q):
        return pin.computeGeneralizedGravity(self.model, self.data, q).copy()

    def torques(self, q, v, a):
        return pin.rnea(self.model, self.data, q, v, a).copy()

    def accelerations(self, q, v, tau):
        return pin.aba(self.model, self.data, q, v, tau).copy()


class WithMujoco:
    """The same in MuJoCo, which drops links without mass: the last moving link stands for the tip."""

    def __init__(self, urdf, armature, gravity):
        self.model = mujoco.MjModel.from_xml_string(urdf)
        self.model.dof_armature[:] = armature
        self.model.dof_damping[:] = 0.0
        self.model.dof_frictionloss[:] = 0.0
        self.model.opt.gravity[:] = gravity
        flags = mujoco.mjtDisableBit
        self.model.opt.disableflags |= flags.mjDSBL_CONTACT | flags.mjDSBL_LIMIT
        self.data = mujoco.MjData(self.model)

    def at(self, q, v):
        self.data.qpos[:] = q
        self.data.qvel[:] = v
        self.data.qacc[:] = 0.0
        self.data.qfrc_applied[:] = 0.0
        mujoco.mj_forward(self.model, self.data)

    def pose(self, q, link):
        self.at(q, np.zeros_like(q))
        body = self.data.body(link)
        matrix = np.eye(4)
        matrix[:3, :3] = body.xmat.reshape(3, 3)
        matrix[:3, 3] = body.xpos
        return matrix

    def mass_matrix(self, q):
        self.at(q, np.zeros_like(q))
        matrix = np.zeros((self.model.nv, self.model.nv))
        try:
            mujoco.mj_fullM(self.model, matrix, self.data.qM)
        except (AttributeError, TypeError):
            mujoco.mj_fullM(self.model, self.data, matrix)
        return matrix

    def torques(self, q, v, a):
        self.at(q, v)
        self.data.qacc[:] = a
        mujoco.mj_inverse(self.model, self.data)
        return self.data.qfrc_inverse.copy()

    def accelerations(self, q, v, tau):
        self.at(q, v)
        self.data.qfrc_applied[:] = tau
        mujoco.mj_forward(self.model, self.data)
        return self.data.qacc.copy()


def arm_reference(binary, robot, gravity, arm, rng):
    name, file = arm["name"], f"assets/robots/{robot}.ron"
    urdf = twin(binary, "export", file, "--urdf", "--arm", name)
    joints = arm["joints"]
    armature = np.array([joint["armature"] for joint in joints])
    ours = WithPinocchio(urdf, name, armature, gravity)
    other = WithMujoco(urdf, armature, gravity)
    with tempfile.NamedTemporaryFile("w", suffix=".urdf") as text:
        text.write(urdf)
        text.flush()
        third = yourdfpy.URDF.load(text.name, load_meshes=False, build_scene_graph=True)
    if ours.model.nv != len(joints) or other.model.nv != len(joints):
        sys.exit(f"{robot} {name}: the tools see {ours.model.nv} and {other.model.nv} joints, not {len(joints)}")
    last = joints[arm["row_count"] - 1]["name"].replace(" ", "_")
    last = f"{name}_{last}"

    lower = np.array([joint["lower"] for joint in joints])
    upper = np.array([joint["upper"] for joint in joints])
    speed = np.array([joint["velocity"] for joint in joints])
    effort = np.array([joint["effort"] for joint in joints])
    worst = {"mujoco_pose": 0.0, "yourdfpy_pose": 0.0, "mujoco_dynamics": 0.0}
    states = []
    for _ in range(STATES):
        q = rng.uniform(lower, upper)
        v = rng.uniform(-speed, speed)
        # Twenty times what the arm is allowed, so that inertia and not gravity leads.
        a = 20.0 * rng.uniform(-speed, speed)
        tau = rng.uniform(-effort, effort)
        tip = ours.pose(q)
        third.update_cfg(q)
        state = {
            "q": q,
            "qd": v,
            "qdd": a,
            "tau": tau,
            "tip": tip,
            "jacobian": ours.jacobian(q),
            "gravity": ours.gravity(q),
            "mass_matrix": ours.mass_matrix(q),
            "torques_of_qdd": ours.torques(q, v, a),
            "accelerations_of_tau": ours.accelerations(q, v, tau),
        }
        where = f"{robot} {name}"

        def compare(key, what, found, wanted, tolerance, relative):
            error = agree(f"{where}, {what}", found, wanted, tolerance, relative)
            worst[key] = max(worst[key], error)

        compare("yourdfpy_pose", "tip in yourdfpy", third.get_transform(f"{name}_tip"), tip, POSE, False)
        compare("mujoco_pose", "last link in MuJoCo", other.pose(q, last), ours.pose(q, last), POSE, False)
        for what, found, wanted in [
            ("mass matrix", other.mass_matrix(q), state["mass_matrix"]),
            ("gravity", other.torques(q, 0 * q, 0 * q), state["gravity"]),
            ("torques", other.torques(q, v, a), state["torques_of_qdd"]),
            ("accelerations", other.accelerations(q, v, tau), state["accelerations_of_tau"]),
        ]:
            compare("mujoco_dynamics", f"{what} in MuJoCo", found, wanted, DYNAMICS, True)
        states.append({key: np.asarray(value).tolist() for key, value in state.items()})
    print(f"{robot:14} {name:12} " + "  ".join(f"{key} {value:.1e}" for key, value in worst.items()))
    return {"arm": name, "armature": armature.tolist(), "states": states}


def close(stored, fresh):
    """Whether two trees of numbers are the same but for rounding."""
    if isinstance(stored, dict):
        return stored.keys() == fresh.keys() and all(close(stored[k], fresh[k]) for k in stored if k != "made_by")
    if isinstance(stored, list):
        return len(stored) == len(fresh) and all(map(close, stored, fresh))
    if isinstance(stored, float) or isinstance(fresh, float):
        return abs(stored - fresh) <= DYNAMICS * max(1.0, abs(stored))
    return stored == fresh


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--twin", required=True, help="the tool, built")
    parser.add_argument("--check", action="store_true", help="compare with the stored values, write nothing")
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.twin).resolve())
    made_by = {name: importlib.metadata.version(name) for name in ("pin", "mujoco", "yourdfpy", "numpy")}
    differing = []
    for index, robot in enumerate(ROBOTS):
        # A stream each: a new robot changes no other's states.
        rng = np.random.default_rng([SEED, index])
        described = json.loads(twin(binary, "show", f"assets/robots/{robot}.ron", "--json"))
        arms = described["arms"]
        gravity = described["gravity_m_s2"]
        fresh = {
            "made_by": made_by,
            "gravity_m_s2": gravity,
            "arms": [arm_reference(binary, robot, gravity, arm, rng) for arm in arms],
        }
        path = DATA / f"{robot}.json"
        if arguments.check:
            if not path.exists() or not close(json.loads(path.read_text()), fresh):
                differing.append(path.name)
        else:
            DATA.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(fresh, separators=(",", ":")).replace('{"arm"', '\n{"arm"').replace('{"q"', '\n{"q"') + "\n")
    if differing:
        sys.exit(f"not what is stored: {', '.join(differing)}")


if __name__ == "__main__":
    main()
