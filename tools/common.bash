# Sourced by the scripts of tools/: where the tree is, and what each of them does first.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

missing_packages() {
	comm -23 <(sort "$root/tools/packages") \
		<(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null |
			sed -n 's/^installed //p' | sort)
}

# Installs what tools/packages lists and this machine lacks. Services that come along stay down.
install_packages() {
	local missing policy=/usr/sbin/policy-rc.d made='' status=0
	mapfile -t missing < <(missing_packages)
	[ "${#missing[@]}" -gt 0 ] || return 0
	echo "installing: ${missing[*]}" >&2
	[ "$(id -u)" = 0 ] || die "run as root, or install first: apt-get install ${missing[*]}"
	if [ ! -e "$policy" ]; then
		made=$policy
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
	fi
	apt_install "${missing[@]}" || { apt_get update && apt_install "${missing[@]}"; } || status=$?
	[ -z "$made" ] || rm -f "$made"
	[ "$status" = 0 ] || die "apt-get could not install the packages"
}

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

apt_install() {
	apt_get install -y --no-install-recommends "$@"
}

# configure DIR OPTION...: meson setup, or the options for a build folder that has others.
configure() {
	local dir=$1
	shift
	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$dir" "$root" "$@"
	elif [ "$(cat "$dir/options" 2>/dev/null)" != "$*" ]; then
		meson configure "$dir" "$@"
	fi || return
	echo "$*" >"$dir/options"
}

# The build with clang, sanitizers and libFuzzer targets, in build-asan.
configure_sanitized() {
	CC=clang-14 configure "$root/build-asan" -Dwerror=true -Dfuzz=true -Db_lundef=false \
		-Db_sanitize=address,undefined -Dc_args=-fno-sanitize-recover=all "$@"
}
