# SPDX-License-Identifier: Apache-2.0
# packages.sh - sourced: installs what is missing, on Debian 12 and Ubuntu 24.04 or later

build_packages="gcc cmake ninja-build pkg-config libc6-dev libcurl4-openssl-dev libssl-dev libyaml-dev
  libsqlite3-dev libjansson-dev libdeflate-dev libpq-dev unixodbc-dev ca-certificates tzdata"

# ensure_packages NAME...: installs those that are not there yet, as root or with sudo.
ensure_packages() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    as_root="env" # sudo would drop the variable below
    [ "$(id -u)" -eq 0 ] || as_root="sudo env"
    echo "installing:$missing"
    # A machine that just started may be upgrading itself: its lock is waited for.
    apt="$as_root DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600"
    $apt update
    # shellcheck disable=SC2086
    $apt install -y --no-install-recommends $missing >/dev/null
}
