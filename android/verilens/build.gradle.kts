import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
    `maven-publish`
}

group = "io.verilens"
version = "0.1.0"

android {
    namespace = "io.verilens"
    compileSdk = libs.versions.compile.sdk.get().toInt()
    ndkVersion = libs.versions.ndk.get()

    defaultConfig {
        minSdk = libs.versions.min.sdk.get().toInt()
        consumerProguardFiles("consumer-rules.pro")
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64") }
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
    lint {
        warningsAsErrors = true
        // The generated code is uniffi's.
        disable += listOf("GradleDependency", "NewerVersionAvailable", "OldTargetApi")
    }
    publishing {
        singleVariant("release") { withSourcesJar() }
    }
}

kotlin {
    // The generated io.verilens.ffi says nothing of visibility, so it would fail under Strict: tests/mobile/kotlin holds the rest of the
    // package to Strict, and to no warnings at all.
    explicitApiWarning()
    compilerOptions { jvmTarget = JvmTarget.JVM_1_8 }
}

dependencies {
    api(libs.coroutines.core)
    implementation(libs.coroutines.android)
    // As an AAR: with its native library for each ABI.
    implementation(libs.jna) { artifact { type = "aar" } }

    androidTestImplementation(libs.test.runner)
    androidTestImplementation(libs.test.junit)
    androidTestImplementation(kotlin("test"))
}

// Without this, a forgotten build-aar.sh would only show on the phone, as an UnsatisfiedLinkError.
val checkNative = tasks.register("checkNative") {
    val folders = listOf("arm64-v8a", "armeabi-v7a", "x86_64").map { layout.projectDirectory.file("src/main/jniLibs/$it/libverilens_ffi.so").asFile }
    doLast {
        val missing = folders.filterNot { it.isFile }
        check(missing.isEmpty()) { "run android/scripts/build-aar.sh: it builds ${missing.joinToString()}" }
    }
}
tasks.named("preBuild") { dependsOn(checkNative) }

publishing {
    publications {
        register<MavenPublication>("release") {
            artifactId = "verilens"
            afterEvaluate { from(components["release"]) }
        }
    }
    repositories {
        maven {
            name = "local"
            url = uri(layout.buildDirectory.dir("repository"))
        }
    }
}
