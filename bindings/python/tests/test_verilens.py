"""The wheel against the real library: real proofs of the iris model. Needs VERILENS_FIXTURES, a folder that `sdk_fixtures` filled."""

import asyncio
import os
import tempfile
import threading
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

import verilens as vl

FIXTURES = Path(os.environ["VERILENS_FIXTURES"])
SCOPE = vl.word_from_text("example.org/enrol")
SIGNAL = vl.word_from_text("python")


def data(name):
    return (FIXTURES / name).read_bytes()


def flipped(content, at):
    changed = bytearray(content)
    changed[at] ^= 1
    return bytes(changed)


def request(capture="capture.vlc", holder="holder.vlh", not_before=datetime(1970, 1, 1, tzinfo=timezone.utc)):
    return vl.ProofRequest(
        capture=vl.Capture.decode(data(capture)),
        holder=vl.Holder.restore(data(holder)),
        issuers=vl.IssuerSet.parse(data("issuers.json").decode()),
        scope=SCOPE,
        signal=SIGNAL,
        not_before=not_before,
    )


class Steps(vl.ProgressListener):
    def __init__(self, then=lambda step: None):
        self.steps = []
        self.then = then

    def on_progress(self, progress):
        self.steps.append(progress)
        self.then(progress)


class Proofs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cache = tempfile.TemporaryDirectory()
        cls.model = vl.Model.open(str(FIXTURES / "model.vlm"), data("model.digest"))
        cls.srs = vl.Srs.load(data("srs.bin"))
        cls.prover = vl.Prover(cls.model, cls.srs, vl.ProverOptions(key_cache=cls.cache.name))
        asyncio.run(cls.prover.prepare(None, None))

    @classmethod
    def tearDownClass(cls):
        cls.cache.cleanup()

    def prove(self, asked=None, listener=None, token=None):
        return asyncio.run(self.prover.prove(asked or request(), listener, token))

    def test_a_proof_is_made_with_progress_and_verified(self):
        self.assertTrue(self.prover.is_prepared())
        estimate = self.prover.estimate()
        self.assertGreater(estimate.peak_bytes, 10_000_000)
        listener = Steps()
        proof = self.prove(listener=listener)
        fractions = [step.fraction for step in listener.steps]
        self.assertGreaterEqual(len(fractions), 20)
        self.assertEqual(fractions, sorted(fractions))
        self.assertEqual(fractions[-1], 1.0)

        verifier = vl.Verifier(asyncio.run(self.prover.verifying_key()))
        self.assertTrue(verifier.is_insecure())
        received = vl.Proof.decode(proof.encode())
        self.assertIsNone(received.opening())
        inputs = verifier.verify(received)
        self.assertEqual(inputs.subject, vl.Subject.SIGNED_CAPTURE)
        self.assertEqual((inputs.scope, inputs.signal), (SCOPE, SIGNAL))
        self.assertEqual(inputs.issuer_root, vl.IssuerSet.parse(data("issuers.json").decode()).root())
        self.assertEqual(inputs.output_commitment, proof.opening().commitment())
        code = proof.opening().outputs()[0]
        self.assertEqual(set(code.values), {0, 1})
        self.assertEqual(len(verifier.verify_batch([received, proof])), 2)

        with self.assertRaises(vl.VerifierError):
            verifier.verify(vl.Proof.decode(flipped(proof.encode(), -1)))
        foreign = vl.Verifier(data("verifying_revealed.vlk"))
        with self.assertRaises(vl.VerifierError.WrongKey):
            foreign.verify(proof)
        foreign.verify(vl.Proof.decode(data("proof_revealed.vlp")))
        with self.assertRaises(vl.VerifierError.Batch):
            foreign.verify_batch([vl.Proof.decode(data("proof_revealed.vlp")), proof])

    def test_a_token_stops_a_proof(self):
        token, cancelled = vl.CancellationToken(), []

        def stop(step):
            if step.fraction > 0.3 and not cancelled:
                cancelled.append(time.monotonic())
                token.cancel()

        with self.assertRaises(vl.ProverError.Cancelled):
            self.prove(listener=Steps(stop), token=token)
        self.assertTrue(cancelled)
        # The promise is 0.3 s of work; a busy machine may take longer.
        self.assertLess(time.monotonic() - cancelled[0], 3)
        self.assertTrue(token.is_cancelled())

    def test_cancelling_the_task_stops_a_proof(self):
        async def cancelled():
            begun = asyncio.Event()
            loop = asyncio.get_running_loop()
            listener = Steps(lambda step: loop.call_soon_threadsafe(begun.set))
            task = asyncio.create_task(self.prover.prove(request(), listener, None))
            await begun.wait()
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            return listener

        self.assertLess(asyncio.run(cancelled()).steps[-1].fraction, 1)
        # The prover is as good as before.
        self.prove()

    def test_the_interpreter_goes_on_meanwhile(self):
        ticks, done = [], threading.Event()

        def tick():
            while not done.wait(0.01):
                ticks.append(time.monotonic())

        thread = threading.Thread(target=tick)
        thread.start()
        self.prove()
        done.set()
        thread.join()
        self.assertGreater(len(ticks), 20)

    def test_a_request_that_cannot_be_proved_is_refused(self):
        for asked in [
            request(capture="capture_other_issuer.vlc"),
            request(holder="holder_other.vlh"),
            request(not_before=datetime(2100, 1, 1, tzinfo=timezone.utc)),
        ]:
            with self.assertRaises(vl.ProverError.Request):
                self.prove(asked)

    def test_options_are_kept_to(self):
        with self.assertRaises(vl.ProverError.MemoryCeiling) as refused:
            vl.Prover(self.model, self.srs, vl.ProverOptions(memory_ceiling_bytes=1_000_000))
        self.assertEqual(refused.exception.ceiling_bytes, 1_000_000)
        self.assertGreater(refused.exception.needed_bytes, 1_000_000)
        with self.assertRaises(vl.ProverError.SrsTooSmall):
            vl.Prover(self.model, vl.Srs.load(data("srs_small.bin")), vl.ProverOptions())


class Inputs(unittest.TestCase):
    """Tensors that nobody signed: a row of data under a small model."""

    DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def setUp(self):
        self.model = vl.Model.open(str(FIXTURES / "measurements.vlm"))
        [info] = self.model.inputs()
        self.tensor = vl.Tensor(
            name=info.name, data_type=info.data_type, shape=info.shape, data=data("measurements.bin")
        )

    def proved(self, subject, opening):
        options = vl.ProverOptions(subject=subject, output=vl.OutputMode.REVEALED)
        prover = vl.Prover(self.model, vl.Srs.load(data("srs.bin")), options)
        asked = vl.InputRequest(input=opening, scope=SCOPE, signal=SIGNAL, not_before=self.DAY)
        proof = asyncio.run(prover.prove_input(asked))
        return vl.Verifier(asyncio.run(prover.verifying_key())), proof

    def test_a_known_input_is_compared(self):
        known = vl.InputOpening.known(self.model.schema(), [self.tensor], self.DAY)
        verifier, proof = self.proved(vl.Subject.PUBLIC_INPUT, known)
        expected = vl.Expectations(scope=SCOPE, signal=SIGNAL, input_word=known.word())
        inputs = verifier.verify_expecting(proof, expected)
        self.assertEqual(inputs.subject, vl.Subject.PUBLIC_INPUT)
        self.assertGreater(inputs.revealed_count, 0)
        with self.assertRaises(vl.VerifierError.PublicInput):
            verifier.verify_expecting(proof, vl.Expectations(scope=SCOPE, signal=SIGNAL))

    def test_a_commitment_hides_and_comes_back(self):
        commit = lambda: vl.InputOpening.commit(self.model.schema(), [self.tensor], self.DAY)
        opening = commit()
        self.assertNotEqual(opening.word(), commit().word())
        self.assertEqual(vl.InputOpening.decode(opening.encode()).word(), opening.word())
        verifier, proof = self.proved(vl.Subject.COMMITTED_INPUT, opening)
        self.assertEqual(verifier.verify(proof).input_word, opening.word())


class Files(unittest.TestCase):
    def test_files_are_checked(self):
        model, digest = data("model.vlm"), data("model.digest")
        self.assertEqual(vl.Model.load(model, None).digest(), digest)
        with self.assertRaises(vl.ModelError.WrongDigest) as refused:
            vl.Model.load(model, flipped(digest, 0))
        self.assertEqual(refused.exception.code(), "VLM-3")
        with self.assertRaises(vl.ModelError.Format):
            vl.Model.load(model[:-1], None)
        with self.assertRaises(vl.ModelError.Unreadable):
            vl.Model.open(str(FIXTURES / "none.vlm"), None)
        with self.assertRaises(vl.SrsError.Format):
            vl.Srs.load(b"no reference string")
        with self.assertRaises(vl.StatementError.Format):
            vl.Capture.decode(data("capture.vlc") + b"\0")
        with self.assertRaises(vl.StatementError.Signature):
            vl.Capture.decode(flipped(data("capture.vlc"), -1)).check_signature()
        with self.assertRaises(vl.VerifierError.Format):
            vl.Verifier(b"")
        with self.assertRaises(vl.VerifierError.Format):
            vl.Proof.decode(data("proof_revealed.vlp")[:-1])

    def test_a_capture_shows_itself_without_its_tensors(self):
        capture = vl.Capture.decode(data("capture.vlc"))
        capture.check_signature()
        self.assertTrue(capture.belongs_to(vl.Holder.restore(data("holder.vlh"))))
        self.assertFalse(capture.belongs_to(vl.Holder.make()))
        self.assertEqual(capture.schema(), vl.Model.load(data("model.vlm"), None).schema())
        self.assertEqual([t.data_type for t in capture.tensors()], [vl.DataType.UINT8])
        self.assertEqual(capture.encode(), data("capture.vlc"))

    def test_a_holder_comes_back_from_its_backup(self):
        holder = vl.Holder.make()
        self.assertEqual(vl.Holder.restore(holder.backup()).id(), holder.id())
        with self.assertRaises(vl.StatementError):
            vl.Holder.restore(holder.backup()[:-1])


class MemoryStore(vl.KeyStore):
    """Keys in a dictionary: for tests."""

    def __init__(self):
        self.keys = {}

    def load_or_make_key(self, alias):
        return self.keys.setdefault(alias, os.urandom(32))

    def load_key(self, alias):
        if alias not in self.keys:
            raise vl.KeyStoreError.NotFound("no key of this name")
        return self.keys[alias]

    def delete_key(self, alias):
        self.keys.pop(alias, None)


class Vaults(unittest.TestCase):
    def test_captures_and_holders_are_sealed(self):
        store = MemoryStore()
        vault = vl.Vault(store, "test")
        capture = vl.Capture.decode(data("capture.vlc"))
        schema = capture.schema()
        sealed = vault.seal(capture, "left")
        self.assertEqual(vault.open(sealed, schema, "left").encode(), capture.encode())
        holder = vl.Holder.restore(data("holder.vlh"))
        self.assertEqual(vault.open_holder(vault.seal_holder(holder)).id(), holder.id())

        for error, content, name in [
            (vl.VaultError.WrongCapture, sealed, "right"),
            (vl.VaultError.Altered, flipped(sealed, -1), "left"),
            (vl.VaultError.Format, sealed[:-1], "left"),
            (vl.VaultError.Format, vault.seal_holder(holder), "left"),
            (vl.VaultError.Version, flipped(sealed, 8), "left"),
        ]:
            with self.assertRaises(error):
                vault.open(content, schema, name)
        other = vl.Vault(MemoryStore(), "test")
        with self.assertRaises(vl.VaultError.KeyStore):
            other.open(sealed, schema, "left")
        other.seal(capture, "left")
        with self.assertRaises(vl.VaultError.WrongKey):
            other.open(sealed, schema, "left")
        vault.erase()
        self.assertEqual(store.keys, {})
        with self.assertRaises(vl.VaultError.KeyStore):
            vault.open(sealed, schema, "left")


if __name__ == "__main__":
    unittest.main()
