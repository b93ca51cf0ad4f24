#!/usr/bin/env bash
# stop.sh FOLDER: ends the cluster that start.sh started there, and takes its configuration away: with one and no cluster,
# whatever asks Slurm for anything would wait for an answer, Snakemake's plugin at every start.
set -uo pipefail
for daemon in slurmd slurmctld slurmdbd mariadb munged; do
  [ -s "$1/run/$daemon.pid" ] || continue
  pid=$(cat "$1/run/$daemon.pid")
  kill "$pid" 2>/dev/null || continue
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -0 "$pid" 2>/dev/null && { echo "$daemon ($pid) does not end" >&2; exit 1; }
done
if grep -qs '^ClusterName=kuzushiji-test' /etc/slurm/slurm.conf; then
  rm /etc/slurm/slurm.conf /etc/slurm/gres.conf
fi
