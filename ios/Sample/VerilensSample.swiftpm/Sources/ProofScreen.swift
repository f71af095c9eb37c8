import SwiftUI
import UniformTypeIdentifiers
import Verilens

struct ProofScreen: View {
    @State private var session = ProofSession(
        files: Bundle.module.resourceURL?.appendingPathComponent("Files") ?? Bundle.main.bundleURL)
    @State private var picking = false

    var body: some View {
        NavigationStack {
            Form {
                switch session.state {
                case .idle:
                    Text("Pick a signed capture. What it shows stays on this phone.")
                case .proving(let step):
                    ProgressSection(step: step, cancel: session.cancel)
                case .proved(let proof, let inputs):
                    ProofSection(proof: proof, inputs: inputs)
                case .failed(let reason):
                    Label(reason, systemImage: "exclamationmark.triangle")
                }
                Button("Pick a capture and prove") { picking = true }
                    .disabled(isProving)
            }
            .navigationTitle("Verilens")
        }
        .fileImporter(isPresented: $picking, allowedContentTypes: [.data]) { picked in
            do {
                let url = try picked.get()
                let scoped = url.startAccessingSecurityScopedResource()
                defer { if scoped { url.stopAccessingSecurityScopedResource() } }
                session.prove(try Data(contentsOf: url))
            } catch {
                session.fail(error)
            }
        }
        .onReceive(NotificationCenter.default.publisher(for: UIApplication.didReceiveMemoryWarningNotification)) { _ in
            session.releaseMemory()
        }
    }

    private var isProving: Bool {
        if case .proving = session.state { true } else { false }
    }
}

private struct ProgressSection: View {
    let step: ProofProgress?
    let cancel: () -> Void

    var body: some View {
        Section("Proving") {
            ProgressView(value: step?.fraction ?? 0) {
                Text(step.map { String(describing: $0.stage) } ?? "reading")
            } currentValueLabel: {
                if let left = step?.secondsLeft { Text("\(Int(left.rounded(.up))) s left") }
            }
            Button("Cancel", role: .cancel, action: cancel)
        }
    }
}

private struct ProofSection: View {
    let proof: Proof
    let inputs: PublicInputs

    var body: some View {
        Section("The proof holds") {
            LabeledContent("Model", value: inputs.modelDigest.hex)
            LabeledContent("Issuers", value: inputs.issuerRoot?.hex ?? "none")
            LabeledContent("Nullifier", value: inputs.nullifier?.hex ?? "none")
            LabeledContent("Size", value: "\(proof.encoded().count) bytes")
            ShareLink(item: SharedProof(bytes: proof.encoded()), preview: SharePreview("proof.vlp"))
        }
        .lineLimit(1)
        .truncationMode(.middle)
    }
}

/// The proof as a file to share: nothing in it is private.
private struct SharedProof: Transferable {
    let bytes: Data

    static var transferRepresentation: some TransferRepresentation {
        DataRepresentation(exportedContentType: .data) { $0.bytes }
            .suggestedFileName("proof.vlp")
    }
}
