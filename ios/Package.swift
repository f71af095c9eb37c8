// swift-tools-version: 6.0
import PackageDescription

// The library of Rust code: on Apple systems the framework that scripts/build-xcframework.sh makes; on Linux, where the tests run, the
// shared library that cargo makes, found by `swift build -Xlinker -L<folder>`.
#if os(Linux)
let library = Target.systemLibrary(name: "CVerilens", path: "Sources/CVerilens")
#else
let library = Target.binaryTarget(name: "CVerilens", path: "build/CVerilens.xcframework")
#endif

let package = Package(
    name: "Verilens",
    platforms: [.iOS(.v15), .macOS(.v13)],
    products: [.library(name: "Verilens", targets: ["Verilens"])],
    targets: [
        library,
        // Generated, never edited.
        .target(name: "VerilensFFI", dependencies: ["CVerilens"]),
        .target(name: "Verilens", dependencies: ["VerilensFFI"]),
        .testTarget(name: "VerilensTests", dependencies: ["Verilens", "VerilensFFI"]),
    ],
    swiftLanguageModes: [.v6]
)
