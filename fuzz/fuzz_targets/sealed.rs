#![no_main]

verilens_fuzz::fuzz!(verilens_hostile::SEALED);
