#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "codec/conf.h"
#include "crypto/enc_key.h"
#include "fw/bootvars.h"
#include "fw/offline.h"
#include "fw/policy.h"

static const char *const TRIALS[] = {"reboot", "always", "never", NULL};
static const char *const HEALTH_SECDS[] = {"no", "yes", "if-present", NULL};
static const char *const REBOOTS[] = {"never", "window", "now", NULL};

#define HOUR_US (UINT64_C(3600) * USEC_PER_SEC)
#define DAY_US  (UINT64_C(24) * 3600 * USEC_PER_SEC)

const char *const CONFIG_SOURCE_NAMES[] = {
	[SOURCE_NETWORK_MANAGER] = "NetworkManager",
	[SOURCE_NETWORKD] = "networkd",
	[SOURCE_RESOLVED] = "resolved",
	[SOURCE_DHCLIENT] = "dhclient",
	[SOURCE_DHCPCD] = "dhcpcd",
	[SOURCE_UDHCPC] = "udhcpc",
	[SOURCE_ROUTERS] = "routers",
	[SOURCE_RESOLV_CONF] = "resolv.conf",
};
static const char *const MODES[] = {"manifest", "direct", NULL};
static const char *const FALLBACKS[] = {"full", "refuse", NULL};
static const char *const CLASSES[] = {
	[CLASS_STREAMING] = "streaming",
	[CLASS_STAGED] = "staged",
	[CLASS_ERASE_FIRST] = "erase-first",
	NULL,
};
static const char *const FRESHNESS[] = {"draft", "strict", NULL};
static const char *const METERED[] = {"full", "capped", "never", NULL};

static int source_index(struct span word)
{
	for (size_t i = 0; i < CONFIG_SOURCES; i++)
		if (span_is_nocase(word, CONFIG_SOURCE_NAMES[i]))
			return (int)i;
	return -1;
}

static bool are_sources(struct span value)
{
	struct span word;
	size_t n = 0;

	while (span_word(&value, &word))
		if (source_index(word) < 0 || ++n > CONFIG_SOURCES)
			return false;
	return true;
}

static bool are_urls(struct span value)
{
	char folder[OFFLINE_PATH];
	struct span word;
	struct url u;
	size_t n = 0;

	while (span_word(&value, &word))
		if ((url_parse(word, &u) != URL_OK && !offline_folder(word, folder)) ||
		    ++n > CONFIG_URLS)
			return false;
	return true;
}

/* What stands before a domain: labels that end with a dot, or nothing. */
static bool is_prefix(struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.ptr[i], l = c | 0x20;

		if (!(l >= 'a' && l <= 'z') && !(c >= '0' && c <= '9') && !strchr("-_.", c))
			return false;
	}
	return value.len <= DISCOVER_PREFIX_MAX &&
	       (value.len == 0 || value.ptr[value.len - 1] == '.');
}

static bool is_uuid(struct span value)
{
	struct uuid u;

	return value.len == 0 || uuid_parse(value, &u);
}

static bool are_windows(struct span value)
{
	struct policy_windows w;

	return policy_windows_parse(value, &w);
}

static bool is_path(struct span value)
{
	return value.len > 0 && value.ptr[0] == '/';
}

static bool are_folders(struct span value)
{
	struct span word;
	size_t n = 0;

	while (span_word(&value, &word)) {
		if (!is_path(word) || word.len >= OFFLINE_PATH || ++n > OFFLINE_MEDIA)
			return false;
	}
	return true;
}

static bool are_paths(struct span value)
{
	struct span word;
	size_t n = 0;

	while (span_word(&value, &word)) {
		if (!is_path(word) || ++n > ENC_KEYS_MAX)
			return false;
	}
	return true;
}

static bool are_units(struct span value)
{
	struct span word;
	size_t n = 0;

	while (span_word(&value, &word))
		if (word.len >= CONFIG_NAME || !memchr(word.ptr, '.', word.len) ||
		    ++n > CONFIG_UNITS)
			return false;
	return true;
}

#define PATH        "an absolute path"
#define SEGMENT     "1 to 128 octets of UTF-8 without slash, backslash or control character"
#define CONF_TARGET struct fwupd_config
static const struct conf_option OPTIONS[] = {
	OPTION_TEXT("Device", "Manufacturer", manufacturer, discover_name_is_valid, SEGMENT),
	OPTION_TEXT("Device", "Model", model, discover_name_is_valid, SEGMENT),
	OPTION_TEXT("Device", "HardwareRevision", hardware, NULL, NULL),
	OPTION_TEXT("Device", "VendorId", vendor_id, is_uuid, "a UUID, or nothing"),
	OPTION_TEXT("Device", "ClassId", class_id, is_uuid, "a UUID, or nothing"),
	OPTION_TEXT("Discovery", "DomainSources", sources, are_sources,
		    "NetworkManager, networkd, resolved, dhclient, dhcpcd, udhcpc, routers, "
		    "resolv.conf, separated by blanks"),
	OPTION_TEXT("Discovery", "ManufacturerUrl", urls, are_urls,
		    "URLs of http, https, coap, coaps or file, separated by blanks"),
	OPTION_TEXT("Discovery", "OfflineDirectories", media, are_folders,
		    "up to 8 absolute paths"),
	OPTION_TEXT("Discovery", "HostPrefix", prefix, is_prefix,
		    "labels that end with a dot, or nothing"),
	OPTION_ENUM("Discovery", "LocalScheme", local_scheme, URL_SCHEME_NAMES),
	OPTION_TEXT("Discovery", "SingleLabels", single_labels, NULL, NULL),
	OPTION_FLAG("Discovery", "UseSearch", use_search),
	OPTION_ENUM("Discovery", "Mode", direct, MODES),
	OPTION_TEXT("Discovery", "NetworkdLeases", networkd_dir, is_path, PATH),
	OPTION_TEXT("Discovery", "NetworkdLinks", networkd_links, is_path, PATH),
	OPTION_TEXT("Discovery", "DhclientLeases", dhclient_dir, is_path, PATH),
	OPTION_TEXT("Discovery", "DhcpcdLeases", dhcpcd_dir, is_path, PATH),
	OPTION_TEXT("Discovery", "UdhcpcLeases", udhcpc_dir, is_path, PATH),
	OPTION_TEXT("Discovery", "ResolvConf", resolv_conf, is_path, PATH),
	OPTION_TEXT("Trust", "TrustStore", trust, is_path, PATH),
	OPTION_NUMBER("Trust", "Threshold", threshold, 1, 8),
	OPTION_TEXT("Trust", "DecryptKeys", decrypt_keys, are_paths, "up to 16 absolute paths"),
	OPTION_ENUM("Policy", "Freshness", freshness, FRESHNESS),
	OPTION_FLAG("Policy", "AllowDowngrade", allow_downgrade),
	OPTION_FLAG("Policy", "AutoInstall", auto_install),
	OPTION_FLAG("Policy", "AllowLoopback", allow_loopback),
	OPTION_FLAG("Policy", "AllowPrivate", allow_private),
	OPTION_FLAG("Policy", "BlockReuse", reuse),
	OPTION_ENUM("Policy", "ReuseFallback", reuse_refuse, FALLBACKS),
	OPTION_TIME("Policy", "CheckInterval", check_us, 0, 366 * DAY_US),
	OPTION_TIME("Policy", "MaxStaleness", stale_us, 0, 3660 * DAY_US),
	OPTION_TIME("Policy", "DeferMax", defer_us, 0, DAY_US),
	OPTION_TIME("Policy", "ManifestTimeout", manifest_us, USEC_PER_SEC, HOUR_US),
	OPTION_NUMBER("Policy", "SpoolMaxMiB", spool_max_mib, 0, UINT32_MAX),
	OPTION_ENUM("Policy", "Class", device_class, CLASSES),
	OPTION_TIME("Helpers", "WriteTimeout", write_us, USEC_PER_SEC, HOUR_US),
	OPTION_TIME("Policy", "StallTimeout", stall_us, USEC_PER_SEC, HOUR_US),
	OPTION_TEXT("Policy", "Windows", windows, are_windows,
		    "windows such as Mon..Fri 01:00-05:00 UTC, separated by blanks"),
	OPTION_NUMBER("Policy", "RateLimit", rate, 0, UINT32_MAX),
	OPTION_ENUM("Policy", "MeteredMode", metered_mode, METERED),
	OPTION_NUMBER("Policy", "MeteredRateLimit", metered_rate, 0, UINT32_MAX),
	OPTION_NUMBER("Policy", "MinBattery", battery_min, 0, 100),
	OPTION_TEXT("Policy", "PowerSupplies", power_dir, is_path, PATH),
	OPTION_ENUM("Policy", "Reboot", reboot, REBOOTS),
	OPTION_ENUM("Trial", "Mode", trial_mode, TRIALS),
	OPTION_NUMBER("Trial", "BootAttempts", attempts, 1, BOOT_ATTEMPTS_MAX),
	OPTION_TIME("Trial", "ConfirmDeadline", confirm_us, USEC_PER_SEC, DAY_US),
	OPTION_FLAG("Trial", "AutoConfirm", auto_confirm),
	OPTION_TIME("Trial", "HealthSettle", settle_us, 0, HOUR_US),
	OPTION_TEXT("Trial", "HealthUnits", health_units, are_units,
		    "up to 16 names of units, separated by blanks"),
	OPTION_TEXT("Trial", "HealthScripts", health_scripts, is_path, PATH),
	OPTION_ENUM("Trial", "HealthSecd", health_secd, HEALTH_SECDS),
	OPTION_TEXT("Helpers", "HealthSocket", health_socket, is_path, PATH),
	OPTION_TEXT("Helpers", "Directory", helpers_dir, is_path, PATH),
	OPTION_TEXT("Helpers", "FetchSocket", fetch_socket, is_path, PATH),
	OPTION_TEXT("Helpers", "WriteSocket", write_socket, is_path, PATH),
	OPTION_TEXT("Helpers", "FetchConfig", fetch_config, is_path, PATH),
	OPTION_TEXT("Helpers", "WriteConfig", write_config, is_path, PATH),
};

int config_load(struct fwupd_config *ret, const char *path, char *ret_error, size_t room)
{
	int r;

	*ret = (struct fwupd_config){
		.sources = "NetworkManager networkd resolved dhclient dhcpcd udhcpc routers "
			   "resolv.conf",
		.prefix = "_firmware.",
		.single_labels = "lan home internal localdomain",
		.networkd_dir = "/run/systemd/netif/leases",
		.networkd_links = "/run/systemd/netif/links",
		.dhclient_dir = "/var/lib/dhcp",
		.dhcpcd_dir = "/run/dhcpcd/hook-state/resolv.conf",
		.udhcpc_dir = "/run/ocfgw/udhcpc",
		.resolv_conf = "/etc/resolv.conf",
		.trust = CONFIG_DIR "/trust.json",
		.threshold = 1,
		.reuse = true,
		.check_us = DAY_US,
		.stale_us = 30 * DAY_US,
		.defer_us = UINT64_C(15) * 60 * USEC_PER_SEC,
		.manifest_us = 30 * USEC_PER_SEC,
		.stall_us = 60 * USEC_PER_SEC,
		.write_us = UINT64_C(5) * 60 * USEC_PER_SEC,
		.metered_rate = 64 * 1024,
		.battery_min = 30,
		.power_dir = "/sys/class/power_supply",
		.attempts = 3,
		.confirm_us = UINT64_C(10) * 60 * USEC_PER_SEC,
		.auto_confirm = true,
		.settle_us = 30 * USEC_PER_SEC,
		.health_scripts = CONFIG_DIR "/health.d",
		.health_secd = HEALTH_SECD_IF_PRESENT,
		.helpers_dir = HELPER_DIR,
		.fetch_socket = "/run/ocfgw/fw-fetch.sock",
		.write_socket = "/run/ocfgw/fw-write.sock",
		.health_socket = "/run/ocfgw/fw-health.sock",
		.fetch_config = CONFIG_DIR "/fw-fetch.conf",
		.write_config = CONFIG_DIR "/fw-write.conf",
	};
	r = conf_load(path, OPTIONS, ARRAY_SIZE(OPTIONS), ret, ret_error, room);
	if (r < 0 && r != -ENOENT)
		return r;
	if (ret->manufacturer[0] && ret->model[0])
		return 0;
	(void)snprintf(ret_error, room, "%s: [Device] needs Manufacturer= and Model=", path);
	return -EINVAL;
}

size_t config_sources(const struct fwupd_config *c, enum config_source ret[CONFIG_SOURCES])
{
	struct span rest = span_str(c->sources), word;
	size_t n = 0;

	while (span_word(&rest, &word))
		ret[n++] = (enum config_source)source_index(word);
	return n;
}

/* The words of `text`, of which `room` is to become a copy. */
static size_t split(const char *text, char room[CONFIG_LIST], const char **ret, size_t max)
{
	char *save = NULL;
	size_t n = 0;

	memcpy(room, text, CONFIG_LIST);
	for (char *w = strtok_r(room, " ", &save); w && n < max; w = strtok_r(NULL, " ", &save))
		ret[n++] = w;
	return n;
}

size_t config_urls(const struct fwupd_config *c, char room[CONFIG_LIST],
		   const char *ret[CONFIG_URLS])
{
	return split(c->urls, room, ret, CONFIG_URLS);
}

size_t config_media(const struct fwupd_config *c, char room[CONFIG_LIST],
		    const char *ret[OFFLINE_MEDIA])
{
	return split(c->media, room, ret, OFFLINE_MEDIA);
}
