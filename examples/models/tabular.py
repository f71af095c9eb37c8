"""Models over real-valued features: a diagnosis three ways, and an anomaly score."""

import numpy as np
import onnx
from onnx import TensorProto
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from data import BREAST_CANCER, Array, Split, breast_cancer
from export import IR_VERSION, OPSET, Example, GraphBuilder, Outputs, classified
from nn import Dense, Network, Relu, fit, softmax_loss

TRANSACTION_FEATURES = [
    "log_amount",
    "log_usual_amount",
    "share_of_balance",
    "hour_sin",
    "hour_cos",
    "log_km_from_home",
    "log_km_from_last",
    "log_minutes_since_last",
    "count_last_hour",
    "count_last_day",
    "failed_attempts",
    "category_risk",
    "account_years",
    "device_years",
    "foreign",
    "card_present",
]


def _from_sklearn(estimator: object, name: str) -> onnx.ModelProto:
    """scikit-learn's estimator as skl2onnx exports it: outputs `label` and `probabilities`."""
    model = to_onnx(
        estimator,
        name=name,
        initial_types=[("features", FloatTensorType([1, 30]))],
        options={"zipmap": False},
        target_opset={"": OPSET, "ai.onnx.ml": 3},
    )
    model.ir_version = IR_VERSION
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    onnx.checker.check_model(model, full_check=True)
    return model


def logistic() -> Example:
    """Logistic regression as skl2onnx exports a scaler and a linear classifier."""
    split = breast_cancer()
    classifier = LogisticRegression(C=0.5, max_iter=1000)
    pipeline = make_pipeline(StandardScaler(), classifier)
    pipeline.fit(split.train_x, split.train_y)
    return Example(
        model=_from_sklearn(pipeline, "logistic"),
        calibrate=split.train_x,
        test_x=split.test_x,
        test_y=split.test_y,
        expected={"probabilities": pipeline.predict_proba(split.test_x)},
        score=classified("probabilities"),
        parameters=classifier.coef_.size + classifier.intercept_.size,
        data=BREAST_CANCER,
        training="scikit-learn: StandardScaler, LogisticRegression(C=0.5); exported by skl2onnx",
    )


def trees() -> Example:
    """Gradient-boosted trees as skl2onnx exports them."""
    split = breast_cancer()
    classifier = GradientBoostingClassifier(n_estimators=20, max_depth=3, learning_rate=0.3, random_state=1)
    classifier.fit(split.train_x, split.train_y)
    # A tree with n nodes has (n − 1) / 2 thresholds and (n + 1) / 2 leaves: n numbers.
    parameters = sum(tree.tree_.node_count for tree in classifier.estimators_.ravel())
    return Example(
        model=_from_sklearn(classifier, "trees"),
        calibrate=split.train_x,
        test_x=split.test_x,
        test_y=split.test_y,
        expected={"probabilities": classifier.predict_proba(split.test_x)},
        score=classified("probabilities"),
        parameters=parameters,
        data=BREAST_CANCER,
        training="scikit-learn: GradientBoostingClassifier(n_estimators=20, max_depth=3, learning_rate=0.3); "
        "exported by skl2onnx",
    )


def diagnosis_mlp() -> Example:
    """The diagnosis by an MLP 30 → 16 → 2."""
    split = breast_cancer()
    rng = np.random.default_rng(3)
    mean, scale = split.train_x.mean(0), split.train_x.std(0)
    network = Network([Dense(rng, "fc1", 30, 16), Relu("relu1"), Dense(rng, "logits", 16, 2)])
    scaled = (split.train_x - mean) / scale
    fit(rng, network, softmax_loss, lambda: (scaled, split.train_y), epochs=60, batch=32, rate=3e-3, decay=1e-3)

    graph = GraphBuilder()
    network.emit(graph, graph.scaler("features", mean[None], scale[None]))
    return Example(
        model=graph.build(
            "diagnosis_mlp", ("features", TensorProto.FLOAT, [1, 30]), [("logits", TensorProto.FLOAT, [1, 2])]
        ),
        calibrate=split.train_x,
        test_x=split.test_x,
        test_y=split.test_y,
        expected={"logits": network.forward((split.test_x - mean) / scale)},
        score=classified("logits"),
        parameters=network.size(),
        data=BREAST_CANCER,
        training="Adam, 60 epochs, batch 32, rate 0.003 falling to 0, L2 0.001",
    )


def transactions(rng: np.random.Generator, honest: int, fraud: int) -> tuple[Array, Array]:
    """Synthetic transactions, features as in TRANSACTION_FEATURES; label 1 is fraud."""
    n = honest + fraud
    wealth, mobility, activity, habit = rng.normal(0, 1, (4, n))
    usual = 3.3 + 0.6 * wealth + rng.normal(0, 0.2, n)
    amount = usual + 0.25 * mobility + rng.normal(0, 0.5, n)
    balance = 7.0 + 0.9 * wealth + rng.normal(0, 0.4, n)
    hour = 14 + 2.5 * habit + rng.normal(0, 1.5, n)
    home = np.abs(1.2 + 1.1 * mobility + rng.normal(0, 0.5, n))
    last = np.abs(0.8 * home + rng.normal(0, 0.5, n))
    day_count = rng.poisson(np.exp(0.7 + 0.4 * activity))
    pause = 5.5 - 0.7 * activity + rng.normal(0, 0.6, n)
    hour_count = rng.binomial(day_count, 0.15)
    failed = rng.binomial(2, 0.03, n)
    risk = np.clip(0.25 + 0.05 * mobility + rng.normal(0, 0.08, n), 0, 1)
    account = np.exp(1.3 + 0.3 * wealth + rng.normal(0, 0.4, n))
    device = account * rng.uniform(0.2, 0.9, n)
    foreign = (home > 3.2).astype(float)
    present = (rng.uniform(0, 1, n) < 0.6).astype(float)

    # The last rows are fraud of three kinds: a taken account, stolen numbers being tried, a cloned card far away.
    kind = np.full(n, -1)
    kind[honest:] = rng.integers(0, 3, fraud)
    taken, tried, cloned = kind == 0, kind == 1, kind == 2
    amount += np.where(taken, rng.uniform(0.8, 2.5, n), 0) - np.where(tried, rng.uniform(1, 2.5, n), 0)
    device = np.where(taken, rng.uniform(0, 0.1, n), device)
    failed = failed + taken * rng.integers(0, 4, n) + tried * rng.integers(0, 3, n)
    hour = hour + np.where(taken | tried, rng.uniform(4, 12, n), 0)
    hour_count = hour_count + tried * rng.integers(2, 8, n)
    day_count = day_count + tried * rng.integers(3, 12, n)
    pause = np.where(tried, rng.uniform(0, 2, n), pause)
    last = last + np.where(cloned, rng.uniform(2, 5, n), 0)
    foreign = np.where(cloned & (rng.uniform(0, 1, n) < 0.7), 1.0, foreign)
    risk = np.clip(risk + np.where(kind >= 0, rng.uniform(0, 0.4, n), 0), 0, 1)

    angle = hour * (2 * np.pi / 24)
    share = np.minimum(np.exp(amount - balance), 1)
    money = [amount, usual, share]
    place_and_time = [np.sin(angle), np.cos(angle), home, last, pause, hour_count, day_count]
    rest = [failed, risk, account, device, foreign, present]
    return np.stack(money + place_and_time + rest, 1).astype(np.float32), (kind >= 0).astype(np.int64)


def fraud() -> Example:
    """An autoencoder 16 → 8 → 16 of honest transactions: its mean squared error, and whether that is too large."""
    rng = np.random.default_rng(4)
    split = Split(*transactions(rng, 4000, 0), *transactions(rng, 250, 50))
    mean, scale = split.train_x.mean(0), split.train_x.std(0)
    scaled = (split.train_x - mean) / scale
    width = len(TRANSACTION_FEATURES)
    network = Network([Dense(rng, "encoder", width, 8), Relu("hidden"), Dense(rng, "decoder", 8, width)])

    def loss(out: Array, wanted: Array) -> tuple[float, Array]:
        difference = out - wanted
        return float((difference**2).mean()), difference * np.float32(2 / difference.size)

    def scores(x: Array) -> Array:
        return ((network.forward(x) - x) ** 2).mean(1, keepdims=True)

    fit(rng, network, loss, lambda: (scaled, scaled), epochs=40, batch=64, rate=5e-3)
    threshold = np.float32(np.quantile(scores(scaled), 0.98))

    graph = GraphBuilder()
    x = graph.scaler("transaction", mean[None], scale[None])
    error = graph.node("Sub", "error", [network.emit(graph, x), x])
    square = graph.node("Mul", "square", [error, error])
    score = graph.node("ReduceMean", "score", [square], axes=[1], keepdims=1)
    graph.node("Greater", "suspicious", [score, graph.constant("threshold", threshold)])

    def measure(outputs: Outputs, y: Array) -> dict[str, object]:
        bit = outputs["suspicious"][:, 0]
        return {
            "accuracy": round(float((bit == (y == 1)).mean()), 4),
            "measure": "share of test samples whose bit `suspicious` is right",
            "fraud_found": round(float(bit[y == 1].mean()), 4),
            "honest_flagged": round(float(bit[y == 0].mean()), 4),
            "area_under_roc": round(float(roc_auc_score(y, outputs["score"][:, 0])), 4),
            "threshold": float(threshold),
        }

    return Example(
        model=graph.build(
            "fraud",
            ("transaction", TensorProto.FLOAT, [1, width]),
            [("score", TensorProto.FLOAT, [1, 1]), ("suspicious", TensorProto.BOOL, [1, 1])],
        ),
        calibrate=split.train_x,
        test_x=split.test_x,
        test_y=split.test_y,
        expected={"score": scores((split.test_x - mean) / scale)},
        score=measure,
        parameters=network.size(),
        data="synthetic, made by the training script from a fixed seed: 4000 honest transactions for training, "
        "250 honest and 50 fraudulent (label 1) held out; features: " + ", ".join(TRANSACTION_FEATURES),
        training="Adam, 40 epochs of honest rows, batch 64, rate 0.005 falling to 0; "
        "threshold: the 98 % quantile of the training scores",
    )
