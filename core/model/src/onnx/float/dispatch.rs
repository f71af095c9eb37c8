//! Which lowering an operator has.

use super::super::Result;
use super::builder::Builder;
use super::value::{Call, Value};
use super::{
    activation, arith, gather, index, linear, logic, moves, norm, pool, quant, reduce, resize,
    shapes,
};
use crate::float::Unary;

/// An operator of the standard's main domain.
pub(crate) fn core(g: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>> {
    let op = call.node.op_type.as_str();
    if let Some(unary) = function(op) {
        return Ok(vec![activation::plain(g, call, unary)?]);
    }
    match op {
        "Dropout" => return moves::dropout(call),
        "LayerNormalization" => return norm::layer(g, call),
        "Split" => return index::split(g, call),
        "MaxPool" => return pool::max_pool(g, call),
        "TopK" => return reduce::top_k(g, call),
        _ => {}
    }
    if let Some(kind) = op.strip_prefix("Reduce") {
        let value = reduce::reduce(g, call, kind)?;
        return Ok(vec![value.ok_or_else(|| unknown(call))?]);
    }
    let value = match op {
        "Conv" => linear::conv(g, call),
        "ConvTranspose" => linear::conv_transpose(g, call),
        "Gemm" => linear::gemm(g, call),
        "MatMul" => linear::matmul_op(g, call),
        "AveragePool" => pool::average_pool(g, call),
        "LpPool" => pool::lp_pool(g, call),
        "GlobalAveragePool" => pool::global_average(g, call),
        "GlobalMaxPool" => pool::global_max(g, call),
        "GlobalLpPool" => pool::global_lp(g, call),
        "Add" => arith::add(g, call),
        "Sub" => arith::sub(g, call),
        "Mul" => arith::mul(g, call),
        "Div" => arith::div(g, call),
        "Mod" => arith::modulo(g, call),
        "Pow" => arith::pow(g, call),
        "Sum" => arith::sum(g, call),
        "Mean" => arith::mean(g, call),
        "Max" => arith::extreme(g, call, true),
        "Min" => arith::extreme(g, call, false),
        "Neg" => activation::neg(g, call),
        "LeakyRelu" => activation::leaky_relu(g, call),
        "PRelu" => activation::prelu(g, call),
        "Clip" => activation::clip(g, call),
        "HardSigmoid" => activation::hard_sigmoid(g, call),
        "Gelu" => activation::gelu(g, call),
        "Elu" => activation::elu(g, call),
        "Celu" => activation::celu(g, call),
        "Selu" => activation::selu(g, call),
        "Softplus" => activation::softplus(g, call),
        "Softsign" => activation::softsign(g, call),
        "Mish" => activation::mish(g, call),
        "Swish" => activation::swish(g, call),
        "Shrink" => activation::shrink(g, call),
        "ThresholdedRelu" => activation::thresholded_relu(g, call),
        "Softmax" => activation::softmax(g, call),
        "LogSoftmax" => activation::log_softmax(g, call),
        "BatchNormalization" => norm::batch(g, call),
        "InstanceNormalization" => norm::instance(g, call),
        "GroupNormalization" => norm::group(g, call),
        "MeanVarianceNormalization" => norm::mean_variance(g, call),
        "RMSNormalization" => norm::rms(g, call),
        "LpNormalization" => norm::lp(g, call),
        "Reshape" => moves::reshape(g, call),
        "Flatten" => moves::flatten(g, call),
        "Squeeze" => moves::squeeze(g, call),
        "Unsqueeze" => moves::unsqueeze(g, call),
        "Transpose" => moves::transpose(g, call),
        "DepthToSpace" => moves::depth_to_space(g, call),
        "SpaceToDepth" => moves::space_to_depth(g, call),
        "Identity" => moves::identity(call),
        "Constant" => moves::constant(call),
        "ArgMax" => reduce::arg(g, call, true),
        "ArgMin" => reduce::arg(g, call, false),
        "Hardmax" => reduce::hardmax(g, call),
        "CumSum" => reduce::cum_sum(g, call),
        "LRN" => reduce::lrn(g, call),
        "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Equal" => logic::compare(g, call),
        "And" | "Or" | "Xor" => logic::combine(g, call),
        "Not" => logic::not(g, call),
        "Where" => logic::choose(g, call),
        "Cast" => logic::cast(g, call),
        "CastLike" => logic::cast_like(g, call),
        "Slice" => index::slice(g, call),
        "Concat" => index::concat(g, call),
        "Expand" => index::expand(g, call),
        "Tile" => index::tile(g, call),
        "Pad" => index::pad(g, call),
        "Compress" => index::compress(g, call),
        "ReverseSequence" => index::reverse_sequence(g, call),
        "Gather" => gather::gather(g, call),
        "GatherElements" => gather::gather_elements(g, call),
        "GatherND" => gather::gather_nd(g, call),
        "Scatter" | "ScatterElements" => gather::scatter_elements(g, call),
        "ScatterND" => gather::scatter_nd(g, call),
        "OneHot" => gather::one_hot(g, call),
        "Shape" => shapes::shape(call),
        "Size" => shapes::size(call),
        "ConstantOfShape" => shapes::constant_of_shape(call),
        "Range" => shapes::range(call),
        "EyeLike" => shapes::eye_like(call),
        "Trilu" => shapes::trilu(g, call),
        "NonZero" => shapes::non_zero(call),
        "Resize" | "Upsample" => resize::resize(g, call),
        "QuantizeLinear" => quant::quantize_linear(g, call),
        "DequantizeLinear" => quant::dequantize_linear(g, call),
        "QLinearConv" => quant::qlinear_conv(g, call),
        "QLinearMatMul" => quant::qlinear_matmul(g, call),
        "ConvInteger" => quant::conv_integer(g, call),
        "MatMulInteger" => quant::matmul_integer(g, call),
        _ => return Err(unknown(call)),
    }?;
    Ok(vec![value])
}

/// Functions of one number without attributes.
fn function(op: &str) -> Option<Unary> {
    Some(match op {
        "Relu" => Unary::Relu,
        "Sigmoid" => Unary::Sigmoid,
        "Tanh" => Unary::Tanh,
        "Erf" => Unary::Erf,
        "Exp" => Unary::Exp,
        "Log" => Unary::Log,
        "Sqrt" => Unary::Sqrt,
        "Reciprocal" => Unary::Reciprocal,
        "Abs" => Unary::Abs,
        "Sign" => Unary::Sign,
        "Floor" => Unary::Floor,
        "Ceil" => Unary::Ceil,
        "Round" => Unary::RoundEven,
        "HardSwish" => Unary::HardSwish,
        _ => return None,
    })
}

/// An operator of the domain of classical models.
pub(crate) fn ml(g: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>> {
    let values = super::ml::lower(g, call)?;
    values.ok_or_else(|| unknown(call))
}

fn unknown(call: &Call<'_>) -> super::super::OnnxError {
    let reason = match call.node.op_type.as_str() {
        "Bernoulli" | "Multinomial" | "RandomNormal" | "RandomNormalLike" | "RandomUniform"
        | "RandomUniformLike" => {
            "random numbers, of which a proof can say nothing; draw them outside and make them an input"
        }
        "If" | "Loop" | "Scan" | "SequenceMap" => {
            "control flow; export the model traced, with its branch taken and its loops unrolled"
        }
        "LSTM" | "GRU" | "RNN" => {
            "recurrence; export the cell unrolled, as MatMul, Add and activations"
        }
        "Attention" | "RotaryEmbedding" | "Einsum" | "CenterCropPad" => {
            "not lowered as one operator; export it as the operators it stands for"
        }
        "DynamicQuantizeLinear" => {
            "a scale that depends on private values; quantise the model statically"
        }
        "NonMaxSuppression" | "Unique" => "the size of the result depends on private values",
        "Imputer" => "missing values, which a capture has none of; impute outside",
        "IsNaN" | "IsInf" => "all numbers of the graph are finite",
        "Sin" | "Cos" | "Tan" | "Asin" | "Acos" | "Atan" | "Sinh" | "Cosh" | "Asinh" | "Acosh"
        | "Atanh" | "Det" => "no such function of private values; evaluate it outside the model",
        "BitShift" | "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" | "BitwiseNot" => {
            "bits of integers; use comparisons, or And, Or and Xor of bools"
        }
        "TfIdfVectorizer" | "StringNormalizer" | "StringConcat" | "StringSplit"
        | "RegexFullMatch" | "CategoryMapper" | "DictVectorizer" => {
            "strings; turn them into numbers outside the model"
        }
        "SVMClassifier" | "SVMRegressor" => "kernels; use a linear model, or export the kernel as operators",
        _ => "operator not supported; docs/operators.md lists those that are",
    };
    call.refuse(reason)
}
