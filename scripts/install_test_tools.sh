#!/bin/sh
# Installs the tools that the tests need besides Python packages: Chromium; Firefox and WebKitGTK (the page without
# WebGPU); and Mesa's software Vulkan (native WebGPU). As root on Debian, apt installs all of them. Elsewhere,
# Playwright installs Chromium, and a message says what to install for the rest. A missing tool is not an error: its
# tests are skipped.
set -u

has() { command -v "$1" >/dev/null 2>&1; }
has_chromium() {
    has chromium || has chromium-browser || has google-chrome ||
        ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium-* >/dev/null 2>&1
}
has_firefox() { has firefox-esr || has firefox; }
has_webkit() { has WebKitWebDriver && has Xvfb; }
has_vulkan() { [ "$(uname)" != Linux ] || ls /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1; }

if has apt-get && [ "$(id -u)" = 0 ]; then
    packages=""
    has_chromium || packages="$packages chromium"
    has_firefox || packages="$packages firefox-esr"
    has_webkit || packages="$packages webkit2gtk-driver xvfb"
    has_vulkan || packages="$packages mesa-vulkan-drivers libvulkan1"
    [ -z "$packages" ] || echo "Installing$packages (apt) …"
    [ -z "$packages" ] || apt-get update -qq >/dev/null
    # One at a time, so that a package that this Debian release lacks does not stop the others.
    for package in $packages; do
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
            echo "apt could not install $package."
    done
fi

has_chromium || .venv/bin/playwright install chromium ||
    echo "Chromium could not be installed: its tests are skipped. Any Chromium or Chrome on the PATH will do."
has_firefox || echo "No Firefox: its tests are skipped."
has_webkit || echo "No WebKitGTK driver: its tests are skipped. Debian has it in webkit2gtk-driver and xvfb."
has_vulkan || echo "No Vulkan driver: native WebGPU tests are skipped. Debian has one in mesa-vulkan-drivers."
exit 0
