// swift-tools-version: 6.0
// An app that Xcode 16 opens as it is: `open ios/Sample/VerilensSample.swiftpm`.
import AppleProductTypes
import PackageDescription

let package = Package(
    name: "VerilensSample",
    platforms: [.iOS("17.0")],
    products: [
        .iOSApplication(
            name: "Verilens",
            targets: ["VerilensSample"],
            bundleIdentifier: "io.verilens.sample",
            displayVersion: "1.0",
            bundleVersion: "1",
            supportedDeviceFamilies: [.phone, .pad],
            supportedInterfaceOrientations: [.portrait]
        )
    ],
    dependencies: [.package(name: "Verilens", path: "../..")],
    targets: [
        .executableTarget(
            name: "VerilensSample",
            dependencies: [.product(name: "Verilens", package: "Verilens")],
            path: ".",
            exclude: ["README.md", "Files/README.md"],
            sources: ["Sources"],
            resources: [.copy("Files")]
        )
    ],
    swiftLanguageModes: [.v6]
)
