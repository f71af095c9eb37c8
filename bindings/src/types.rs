//! Types and shapes, as an app sees them.
use verilens_statement as statement;

/// Type of a tensor's elements, named as ONNX does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum DataType {
    /// 0 to 255.
    Uint8,
    /// 0 or 1.
    Bool,
    /// -128 to 127.
    Int8,
    /// Two bytes, two's complement.
    Int16,
    /// Four bytes, two's complement.
    Int32,
}

impl From<statement::DType> for DataType {
    fn from(value: statement::DType) -> Self {
        match value {
            statement::DType::Uint8 => Self::Uint8,
            statement::DType::Bool => Self::Bool,
            statement::DType::Int8 => Self::Int8,
            statement::DType::Int16 => Self::Int16,
            statement::DType::Int32 => Self::Int32,
        }
    }
}

impl From<DataType> for statement::DType {
    fn from(value: DataType) -> Self {
        match value {
            DataType::Uint8 => Self::Uint8,
            DataType::Bool => Self::Bool,
            DataType::Int8 => Self::Int8,
            DataType::Int16 => Self::Int16,
            DataType::Int32 => Self::Int32,
        }
    }
}

/// Whether a model's output is public or only committed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum OutputMode {
    /// The proof holds a commitment; the holder can open it later.
    Committed,
    /// The proof holds the values.
    Revealed,
}

impl From<OutputMode> for statement::OutputMode {
    fn from(value: OutputMode) -> Self {
        match value {
            OutputMode::Committed => Self::Committed,
            OutputMode::Revealed => Self::Revealed,
        }
    }
}

impl From<statement::OutputMode> for OutputMode {
    fn from(value: statement::OutputMode) -> Self {
        match value {
            statement::OutputMode::Committed => Self::Committed,
            statement::OutputMode::Revealed => Self::Revealed,
        }
    }
}

/// What a proof's tensors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Subject {
    /// A capture that an issuer signed.
    SignedCapture,
    /// An input that nobody signed, committed to.
    CommittedInput,
    /// An input that the verifier knows.
    PublicInput,
    /// The weights of a model that is committed to.
    CommittedModel,
}

impl From<statement::Subject> for Subject {
    fn from(value: statement::Subject) -> Self {
        match value {
            statement::Subject::Signed(_) => Self::SignedCapture,
            statement::Subject::CommittedInput => Self::CommittedInput,
            statement::Subject::PublicInput => Self::PublicInput,
            statement::Subject::CommittedModel => Self::CommittedModel,
        }
    }
}

impl From<Subject> for statement::Subject {
    fn from(value: Subject) -> Self {
        match value {
            Subject::SignedCapture => {
                Self::Signed(statement::SignatureScheme::EddsaBabyJubJubPoseidon)
            }
            Subject::CommittedInput => Self::CommittedInput,
            Subject::PublicInput => Self::PublicInput,
            Subject::CommittedModel => Self::CommittedModel,
        }
    }
}

/// Name, type and shape of a tensor, without its contents.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// Type of its elements.
    pub data_type: DataType,
    /// Dimensions, outermost first.
    pub shape: Vec<u32>,
}

impl From<&statement::TensorSpec> for TensorInfo {
    fn from(spec: &statement::TensorSpec) -> Self {
        Self {
            name: spec.name.clone(),
            data_type: spec.dtype.into(),
            shape: spec.shape.clone(),
        }
    }
}

/// What an output's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum OutputKind {
    /// 0 or 1, as in an iris code.
    Bits,
    /// Integers.
    Ints,
}

impl From<statement::OutputKind> for OutputKind {
    fn from(value: statement::OutputKind) -> Self {
        match value {
            statement::OutputKind::Bits => Self::Bits,
            statement::OutputKind::Ints => Self::Ints,
        }
    }
}

/// Name and shape of an output, without its values.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OutputInfo {
    /// Its name.
    pub name: String,
    /// Dimensions, outermost first.
    pub shape: Vec<u32>,
}

/// An output with its values: private unless the proof reveals it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: OutputKind,
    /// Dimensions, outermost first.
    pub shape: Vec<u32>,
    /// Row-major values.
    pub values: Vec<i64>,
}
