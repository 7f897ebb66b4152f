# Sourced: hosts made of network and mount namespaces on one bridge, gone without a trace at exit.
# shellcheck shell=bash
#
# hosts_up PREFIX      one bridge; names of namespaces begin with PREFIX
# host_add NAME MAC    a host with an interface eth0; /etc, /usr, /var and /run are its own
# host_addr NAME ADDR  a static address, IPv4 or IPv6, on its eth0
# on NAME COMMAND...   runs there (use `on NAME bash -c` for pipes)
# host_pid NAME        the process that holds its namespaces
# hosts_down           ends all processes of all hosts

hosts_prefix=
hosts_dir=
declare -A hosts_pid=()

hosts_up() {
	hosts_prefix=$1
	hosts_dir=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX")
	chmod 755 "$hosts_dir"
	ip netns add "$hosts_prefix-br"
	ip -n "$hosts_prefix-br" link add br0 type bridge
	ip -n "$hosts_prefix-br" link set br0 up
}

host_add() {
	local name=$1 mac=$2 ns=$hosts_prefix-$1 dir=$hosts_dir/$1
	ip netns add "$ns"
	ip link add "p$name" netns "$hosts_prefix-br" type veth peer name eth0 netns "$ns"
	ip -n "$hosts_prefix-br" link set "p$name" master br0 up
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	ip -n "$ns" link set lo up
	ip -n "$ns" link set eth0 address "$mac" up
	ip -n "$ns" route add 224.0.0.0/4 dev eth0
	mkdir -p "$dir"
	mkfifo "$dir.hold"
	# Ends with the fifo: when whoever holds it open for writing goes away.
	ip netns exec "$ns" unshare -m --propagation private bash -c '
		set -e
		mount -t tmpfs -o mode=755 host "$1"
		for d in etc usr var run; do
			mkdir "$1/$d" "$1/$d.work"
			mount -t overlay -o "lowerdir=/$d,upperdir=$1/$d,workdir=$1/$d.work" host "/$d"
		done
		rm -f /etc/resolv.conf
		: >/etc/resolv.conf
		echo ready >"$1.ready"
		read -r _ <"$2"' host "$dir" "$dir.hold" </dev/null >"$dir.log" 2>&1 &
	hosts_pid[$name]=$!
	disown "${hosts_pid[$name]}"
	while [ ! -s "$dir.ready" ]; do
		kill -0 "${hosts_pid[$name]}" 2>/dev/null || {
			cat "$dir.log" >&2
			return 1
		}
		read -rt 0.02 <> <(:) || :
	done
}

host_addr() {
	case $2 in
	*:*) ip -n "$hosts_prefix-$1" addr add "$2" dev eth0 nodad ;;
	*) ip -n "$hosts_prefix-$1" addr add "$2" dev eth0 ;;
	esac
}

host_pid() {
	echo "${hosts_pid[$1]}"
}

on() {
	local name=$1
	shift
	nsenter -t "${hosts_pid[$name]}" -m -n -- "$@"
}

# Every process whose network namespace is one of ours was started by us.
hosts_down() {
	local ns pid
	[ -n "$hosts_prefix" ] || return 0
	for ns in $(ip netns list | awk -v p="$hosts_prefix-" 'index($1, p) == 1 { print $1 }'); do
		for pid in $(ip netns pids "$ns"); do
			kill -9 "$pid" 2>/dev/null
		done
		ip netns del "$ns"
	done
	rm -rf "$hosts_dir"
	hosts_prefix=
}
