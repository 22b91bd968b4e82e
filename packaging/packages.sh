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
    as_root=""
    [ "$(id -u)" -eq 0 ] || as_root="sudo"
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
