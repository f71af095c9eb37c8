//! Whether this processor can run the field arithmetic.
use crate::error::ProverError;

/// On x86-64 the field arithmetic is assembly with MULX, ADCX and ADOX, which processors before 2014 (Intel) and 2017 (AMD)
/// lack; they would stop at the first one. Ask before anything is computed.
///
/// # Errors
/// [`ProverError::Processor`].
pub fn check_processor() -> Result<(), ProverError> {
    #[cfg(target_arch = "x86_64")]
    if !(std::is_x86_feature_detected!("bmi2") && std::is_x86_feature_detected!("adx")) {
        return Err(ProverError::Processor);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    /// Whoever runs the tests has computed with it.
    #[test]
    fn this_one_can() {
        super::check_processor().unwrap();
    }
}
