#!/usr/bin/env bash
# Makes two hosts of this one, one and two, as network namespaces with a link between
# them, and runs a command with mpirun on both, as root:
#
#	hosts.sh [-delay 1ms] [-rate 1gbit] [-cut SECONDS] NP PROGRAM [ARGUMENT...]
#
# -delay and -rate limit the link in each direction, by tc: netem, which not every
# kernel has, or tbf without a delay. -cut takes the link away after so many seconds.
# The exit code is that of mpirun.
set -euo pipefail
delay= rate= cut=
while [[ ${1-} == -* ]]; do
	case $1 in
	-delay) delay=$2 ;;
	-rate) rate=$2 ;;
	-cut) cut=$2 ;;
	*) echo "hosts.sh: $1?" >&2; exit 2 ;;
	esac
	shift 2
done
np=$1
shift

scratch=$(mktemp -d)
id=$$
one=impasto-$id-1 two=impasto-$id-2
clean() {
	ip netns del "$one" 2>/dev/null || true
	ip netns del "$two" 2>/dev/null || true
	rm -rf "$scratch"
}
trap clean EXIT

ip netns add "$one"
ip netns add "$two"
ip link add "v$id" netns "$one" type veth peer name "v$id" netns "$two"
for n in 1 2; do
	ns=impasto-$id-$n
	ip -n "$ns" link set lo up
	ip -n "$ns" addr add "10.77.0.$n/24" dev "v$id"
	ip -n "$ns" link set "v$id" up
	if [ -n "$delay" ]; then
		ip netns exec "$ns" tc qdisc add dev "v$id" root netem delay "$delay" ${rate:+rate "$rate"} limit 100000
	elif [ -n "$rate" ]; then
		ip netns exec "$ns" tc qdisc add dev "v$id" root tbf rate "$rate" burst 128kb latency 200ms
	fi
done

# What mpirun takes for ssh: it is given a host and a command.
cat >"$scratch/agent" <<AGENT
#!/bin/sh
shift
exec ip netns exec $two unshare --uts sh -c 'hostname two; exec sh -c "\$1"' sh "\$*"
AGENT
chmod +x "$scratch/agent"

if [ -n "$cut" ]; then
	(sleep "$cut"; echo "hosts.sh: cutting the link at $(date +%T.%N)"; ip -n "$two" link set "v$id" down) &
fi
more=()
for name in ${!IMPASTO_@}; do more+=(-x "$name"); done
code=0
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
	ip netns exec "$one" unshare --uts sh -c 'hostname one; exec "$@"' sh \
	mpirun --host "10.77.0.1:$(((np + 1) / 2)),10.77.0.2:$((np / 2))" -np "$np" --map-by node --bind-to none \
	--mca plm_rsh_agent "$scratch/agent" --mca btl self,tcp --mca btl_tcp_if_include "v$id" --mca oob_tcp_if_include "v$id" \
	--mca oob_tcp_keepalive_time 3 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 3 \
	-x OMPI_MCA_mpi_yield_when_idle=1 "${more[@]}" "$@" || code=$?
exit "$code"
