"""Builds the Rust library and the module that uniffi writes for it into the wheel. The rest is in pyproject.toml."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

ROOT = Path(os.environ.get("VERILENS_ROOT") or Path(__file__).resolve().parents[2])


def version():
    """The workspace's: crates and packages have one."""
    if not (ROOT / "Cargo.toml").is_file():
        sys.exit("verilens: the wheel is built inside the project's own tree, which has the Rust sources")
    text = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    section = text.split("[workspace.package]", 1)[1]
    return re.search(r'^version = "(.+)"$', section, re.MULTILINE).group(1)


def library_name():
    prefix, suffix = {"darwin": ("lib", "dylib"), "win32": ("", "dll")}.get(sys.platform, ("lib", "so"))
    return f"{prefix}verilens_ffi.{suffix}"


class Build(build_py):
    def run(self):
        super().run()
        if shutil.which("cargo") is None:
            sys.exit("verilens: cargo is missing: install Rust from https://rustup.rs")
        cargo = ["cargo", "build", "--release", "--locked", "-p", "verilens-ffi", "-p", "verilens-bindgen"]
        subprocess.run(cargo, cwd=ROOT, check=True)
        built = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release"
        package = Path(self.build_lib) / "verilens"
        library = shutil.copy2(built / library_name(), package)
        bindgen = shutil.which("uniffi-bindgen", path=str(built))
        # In the workspace, for uniffi's settings.
        generate = [bindgen, "generate", "--library", str(built / library_name()), "--language", "python"]
        subprocess.run([*generate, "--no-format", "--out-dir", str(package.resolve())], cwd=ROOT, check=True)
        if sys.platform.startswith("linux") and shutil.which("strip"):
            subprocess.run(["strip", "--strip-unneeded", library], check=True)


class Wheel(bdist_wheel):
    """One wheel for all Pythons of a platform: the library is loaded by ctypes and knows nothing of Python."""

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class Binary(Distribution):
    def has_ext_modules(self):
        return True


setup(version=version(), cmdclass={"build_py": Build, "bdist_wheel": Wheel}, distclass=Binary)
