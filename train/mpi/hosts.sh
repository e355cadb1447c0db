#!/usr/bin/env bash
# Makes hosts of this one, as network namespaces that a slow network connects, and runs
# a command with mpirun on all of them, as root:
#
#	hosts.sh [-hosts 2] [-delay 1ms] [-rate 1gbit] [-cut FILES] NP PROGRAM [ARGUMENT...]
#
# They are called host1, host2 and so on. -delay and -rate are those of the cable of each
# host, see mpitest/internal/link. -cut takes the second host's away a
# second after a file is there that this pattern matches. The exit code is that of mpirun.
# What runs on the hosts ends with this script, even if that is killed.
set -euo pipefail
hosts=2 link=() cut=
while [[ ${1-} == -* ]]; do
	case $1 in
	-hosts) hosts=$2 ;;
	-delay | -rate) link+=("$1" "$2") ;;
	-cut) cut=$2 ;;
	*) echo "hosts.sh: $1?" >&2; exit 2 ;;
	esac
	shift 2
done
np=$1
shift

scratch=$(mktemp -d)
id=impasto-$$
LINK_PID= CUT_PID=
clean() {
	trap '' HUP INT TERM
	for ((n = 1; n <= hosts; n++)); do
		ip netns pids "$id-$n" 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
		ip netns del "$id-$n" 2>/dev/null || true
	done
	kill $LINK_PID $CUT_PID 2>/dev/null || true
	rm -rf "$scratch"
}
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Those of a script that was killed stay.
ip netns list | sed -n 's/^impasto-\([0-9]*\)-[0-9]*/\1 &/p' | while read -r pid name _; do
	[ -d "/proc/$pid" ] || ip netns del "$name"
done

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
(cd "$here" && go build -o "$scratch/link" ./mpitest/internal/link)
names=() list=
for ((n = 1; n <= hosts; n++)); do
	names+=("$id-$n")
	list+=,10.77.0.$n:$(((np + hosts - n) / hosts))
	ip netns add "$id-$n"
done
coproc LINK { exec setpriv --pdeathsig KILL "$scratch/link" "${link[@]}" "${names[@]}"; }
read -r <&"${LINK[0]}"
for ((n = 1; n <= hosts; n++)); do
	ip -n "$id-$n" link set lo up
	ip -n "$id-$n" addr add "10.77.0.$n/24" dev net0
	ip -n "$id-$n" link set net0 up
done

# What mpirun takes for ssh: it is given a host and a command.
cat >"$scratch/agent" <<AGENT
#!/bin/sh
n=\${1##*.}
shift
exec ip netns exec "$id-\$n" unshare --uts sh -c 'hostname "host\$1"; exec sh -c "\$2"' sh "\$n" "\$*"
AGENT
chmod +x "$scratch/agent"

if [ -n "$cut" ]; then
	{
		until compgen -G "$cut" >/dev/null; do sleep 0.1; done
		sleep 1
		echo "hosts.sh: cutting the link at $(date +%T.%N)"
		ip -n "$id-2" link set net0 down
	} &
	CUT_PID=$!
fi
more=()
for name in ${!IMPASTO_@}; do more+=(-x "$name"); done
code=0
# In the background, as bash heeds no signal before what is in the foreground has ended.
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 setpriv --pdeathsig KILL \
	ip netns exec "$id-1" unshare --uts sh -c 'hostname host1; exec "$@"' sh \
	mpirun --host "${list#,}" -np "$np" --map-by node --bind-to none \
	--mca plm_rsh_agent "$scratch/agent" --mca btl self,tcp --mca btl_tcp_if_include net0 --mca oob_tcp_if_include net0 \
	--mca oob_tcp_keepalive_time 3 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 3 \
	-x OMPI_MCA_mpi_yield_when_idle=1 "${more[@]}" "$@" &
wait $! || code=$?
exit "$code"
