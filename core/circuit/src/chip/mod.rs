//! One chip a file: its relation, why it is sound, its gates, placement and witness.
