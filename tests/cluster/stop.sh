#!/usr/bin/env bash
# stop.sh: ends at once whatever start.sh and the tests left on this machine, however their run ended: daemons, jobs and
# Snakemake. Takes the cluster's configuration away too: with one and no cluster, whatever asks Slurm for anything would
# wait for an answer, Snakemake's plugin at every start.
set -uo pipefail
left() { # by a variable that jobs inherit; some of Slurm's processes write over their environment, but stay in `log`
  grep --files-with-matches --null-data --no-messages '^KUZUSHIJI_TEST_CLUSTER=' /proc/[0-9]*/environ | cut -d / -f 3
  for process in /proc/[0-9]*; do [ -e "$process/cwd/kuzushiji-test-cluster" ] && echo "${process#/proc/}"; done
}

for _ in $(seq 100); do # again and again: what is ended may just have started something
  processes=$(left)
  [ -n "$processes" ] || break
  kill -KILL $processes 2>/dev/null # nothing that they keep is used again
  sleep 0.1
done
[ -z "$processes" ] || { echo "these processes of a cluster for tests do not end:" $processes >&2; exit 1; }
if grep -qs '^ClusterName=kuzushiji-test' /etc/slurm/slurm.conf; then
  rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
fi
