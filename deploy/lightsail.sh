#!/bin/sh
# Launch script for a new Lightsail instance with Ubuntu 24.04 or Debian 13: cloud-init.yaml in another form.
set -e
apt-get update -qq && apt-get install -y -qq ca-certificates git
git clone --quiet <this repository> /opt/weir
# With TLS and passwords, for devices elsewhere: append --secured and the name or address that they call.
sh /opt/weir/deploy/setup.sh
