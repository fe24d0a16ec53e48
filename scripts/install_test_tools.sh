#!/bin/sh
# Installs what the tests drive besides Python packages: Chromium, two browsers without WebGPU (Firefox, and WebKitGTK
# on a virtual display), Mesa's software Vulkan (native WebGPU), and clang (tinygrad's own CPU backend). As root on Debian
# all of it comes from apt; elsewhere Chromium comes from Playwright, and a sentence says what to install for the rest.
# Nothing here is fatal: tests that lack a tool are skipped and say so.
set -u

has() { command -v "$1" >/dev/null 2>&1; }
has_chromium() { has chromium || has chromium-browser || has google-chrome || ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium-* >/dev/null 2>&1; }
has_firefox() { has firefox-esr || has firefox; }
has_webkit() { has WebKitWebDriver && has Xvfb; }
has_vulkan() { ls /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1 || [ "$(uname)" != Linux ]; }
has_clang() { has clang || ls /usr/bin/clang-[0-9]* >/dev/null 2>&1; }

if has apt-get && [ "$(id -u)" = 0 ]; then
    packages=""
    has_chromium || packages="$packages chromium"
    has_firefox || packages="$packages firefox-esr"
    has_webkit || packages="$packages webkit2gtk-driver xvfb"
    has_vulkan || packages="$packages mesa-vulkan-drivers libvulkan1"
    has_clang || packages="$packages clang"
    if [ -n "$packages" ]; then
        echo "Installing$packages (apt) …"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # One at a time: where a distribution has no such package, the others are installed all the same.
        for package in $packages; do
            apt-get install -y -qq --no-install-recommends "$package" >/dev/null || echo "apt could not install $package."
        done
    fi
fi

has_chromium || .venv/bin/playwright install chromium ||
    echo "Chromium could not be installed: the browser tests are skipped. Any Chromium or Chrome on the PATH will do."
has_firefox || echo "No Firefox: the page is not tried in it. Debian has it in firefox-esr."
has_webkit || echo "No WebKitGTK to drive: the page is not tried in it. Debian has it in webkit2gtk-driver and xvfb."
has_vulkan || echo "No Vulkan driver: native WebGPU tests are skipped. Debian has one in mesa-vulkan-drivers."
has_clang || echo "No clang: tests against tinygrad's CPU backend are skipped."
exit 0
