"""Prove in zero knowledge what a public model says about a private, signed input, and check such proofs.

Everything comes from the Rust library through uniffi; ``docs/mobile.md`` of the project tells how the packages are layered.
"""

from .verilens import *  # noqa: F403
from .verilens import __all__  # noqa: F401
