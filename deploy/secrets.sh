#!/bin/sh
# Makes the secret files that docker-compose.yml names, in deploy/secrets or in
# the folder given. What is there already stays as it is.
set -eu

folder=${1:-$(cd "$(dirname "$0")" && pwd)/secrets}
mkdir -p "$folder"
chmod 700 "$folder"

# Containers run as other users, who must read the files; the folder keeps
# everybody else out.
keep() { # NAME: writes standard input, unless the file is there
	if [ -s "$folder/$1" ]; then
		cat >/dev/null
		return
	fi
	cat >"$folder/$1.new"
	chmod 444 "$folder/$1.new"
	mv "$folder/$1.new" "$folder/$1"
	echo "made $folder/$1" >&2
}

random() { head -c 24 /dev/urandom | od -An -v -t x1 | tr -d ' \n'; }

# Signs the key log: members pin its public half, so it never changes.
head -c 32 /dev/urandom | od -An -v -t x1 | tr -d ' \n' | keep log_key

random | keep database_password
random | keep s3_secret_key

# One password, told to both sides.
bus=$(random)
if [ ! -s "$folder/nats_config" ] || [ ! -s "$folder/nats_url" ]; then
	rm -f "$folder/nats_config" "$folder/nats_url"
fi
keep nats_config <<END
port: 4222
http_port: 8222
max_payload: 262144
authorization {
  user: ensemble
  password: "$bus"
}
END
echo "nats://ensemble:$bus@nats:4222" | keep nats_url

# The mail server's is not ours to invent: put it here if it asks for one.
echo none | keep smtp_password
