//! An iris code that is upgraded without a second visit to the camera, through the library.
//!
//! The same story as `verilens demo iris-upgrade`, without files: a camera signs an image once; the person proves
//! the code of today's model, and later that of the next model, from the same capture.
use std::error::Error;

use rand_core::OsRng;
use verilens_model::{
    image::read_grey_image,
    onnx::{import_bytes, ImportOptions},
    ModelBundle,
};
use verilens_prover::{estimate, srs::Srs, Keys, Request, Silent};
use verilens_statement::{
    field::text_to_field, Capture, CaptureContent, DType, HolderSecret, IssuerKey, IssuerSet,
    OutputMode, SignatureScheme, Tensor, TensorSpec,
};
use verilens_verifier::verify_proof;

const IMAGE: &[u8] = include_bytes!("../../tests/vectors/open-iris/real_cat_left.png");
const MODELS: [(&str, &[u8]); 2] = [
    (
        "v1",
        include_bytes!("../../tests/vectors/open-iris/iris_v1.onnx"),
    ),
    (
        "v2",
        include_bytes!("../../tests/vectors/open-iris/iris_v2.onnx"),
    ),
];
const SCHEMA: &str = "iris/left/v1";

fn main() -> Result<(), Box<dyn Error>> {
    let (scheme, mode) = (
        SignatureScheme::EddsaBabyJubJubPoseidon,
        OutputMode::Committed,
    );

    // Who there is: cameras that are trusted, and a person.
    let cameras = [(); 3].map(|()| IssuerKey::random(&mut OsRng));
    let trusted = IssuerSet::new(cameras.iter().map(IssuerKey::public).collect())?;
    let holder = HolderSecret::random(&mut OsRng);

    // At the camera, once: the image is signed for the person, who takes the capture home.
    let image = read_grey_image(IMAGE)?;
    let shape = vec![
        1,
        1,
        u32::try_from(image.height)?,
        u32::try_from(image.width)?,
    ];
    let spec = TensorSpec {
        name: "image".into(),
        dtype: DType::Uint8,
        shape,
    };
    let tensor = Tensor::new(spec, image.pixels.to_vec())?;
    let content =
        CaptureContent::new(SCHEMA, vec![tensor], holder.id(), 1_767_225_600, &mut OsRng)?;
    let [_, camera, _] = &cameras;
    let capture = Capture::sign(camera, content)?;

    // At home, for each public model that appears: keys, proof. No camera, no issuer.
    for (name, onnx) in MODELS {
        let model = ModelBundle::new(SCHEMA, import_bytes(onnx, &ImportOptions::default())?)?;
        let cost = estimate(&model, scheme, mode)?;
        // For tests only. Real keys rest on a public ceremony: Srs::import_ptau.
        let srs = Srs::generate_insecure_for_tests(cost.size.k, &mut OsRng)?;
        let keys = Keys::derive(&model, &srs, scheme, mode, &Silent)?;
        let request = Request {
            capture: &capture,
            holder: &holder,
            issuers: &trusted,
            scope: text_to_field(&format!("example.org/upgrade/{name}")),
            signal: text_to_field("the account that benefits"),
            not_before: 1_735_689_600,
        };
        let proved = keys.prove(&request, &mut OsRng, &Silent)?;

        // Anywhere else: the verifying key, the proof and its public words are all that is needed.
        verify_proof(keys.verifying(), &proved.proof)?;
        println!(
            "{name}: valid, {} bytes; nullifier 0x{}",
            proved.proof.bytes.len(),
            proved.proof.words[4]
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect::<String>()
        );
    }
    Ok(())
}
