/* daemons/ocf-fwupd/config.h - ocf-fwupd.conf(5). */
#pragma once

#include "base/uuid.h"
#include "fw/offline.h"

#define CONFIG_NAME    ((size_t)129) /* a name that fits into a URL, with its NUL */
#define CONFIG_TEXT    ((size_t)256)
#define CONFIG_LIST    ((size_t)512)
#define CONFIG_SOURCES ((size_t)8)
#define CONFIG_URLS    ((size_t)4)
#define CONFIG_UNITS   ((size_t)16)

enum config_source {
	SOURCE_NETWORK_MANAGER,
	SOURCE_NETWORKD,
	SOURCE_RESOLVED,
	SOURCE_DHCLIENT,
	SOURCE_DHCPCD,
	SOURCE_UDHCPC,
	SOURCE_ROUTERS, /* what the kernel hears in router advertisements */
	SOURCE_RESOLV_CONF,
};
extern const char *const CONFIG_SOURCE_NAMES[];

enum config_trial { TRIAL_MODE_REBOOT, TRIAL_MODE_ALWAYS, TRIAL_MODE_NEVER };
enum config_health_secd { HEALTH_SECD_NO, HEALTH_SECD_YES, HEALTH_SECD_IF_PRESENT };
enum config_reboot { REBOOT_NEVER, REBOOT_WINDOW, REBOOT_NOW };

enum config_metered { METERED_FULL, METERED_CAPPED, METERED_NEVER };

/* Where a version is written: into the slot that does not run, at once; there, but only when all of
 * it was verified; over the one that runs. */
enum device_class { CLASS_STREAMING, CLASS_STAGED, CLASS_ERASE_FIRST };

struct fwupd_config {
	/* [Device] */
	char manufacturer[CONFIG_NAME], model[CONFIG_NAME], hardware[CONFIG_TEXT];
	char vendor_id[UUID_TEXT + 1], class_id[UUID_TEXT + 1]; /* empty: none */
	/* [Discovery] */
	char sources[CONFIG_LIST]; /* of enum config_source, by name */
	char urls[CONFIG_LIST];    /* of the manufacturer */
	char media[CONFIG_LIST];   /* folders where a medium may appear */
	char prefix[CONFIG_TEXT];
	int local_scheme; /* enum url_scheme */
	char single_labels[CONFIG_LIST];
	bool use_search; /* a search line of resolv.conf is good enough */
	int direct;      /* 1: manifest and image in one file */
	char networkd_dir[CONFIG_TEXT], networkd_links[CONFIG_TEXT], dhclient_dir[CONFIG_TEXT];
	char dhcpcd_dir[CONFIG_TEXT], udhcpc_dir[CONFIG_TEXT], resolv_conf[CONFIG_TEXT];
	/* [Trust] */
	char trust[CONFIG_TEXT];
	uint32_t threshold;
	char decrypt_keys[CONFIG_LIST]; /* paths, separated by blanks */
	/* [Policy] */
	int freshness; /* 1: strict */
	bool allow_downgrade, auto_install, allow_loopback, allow_private;
	bool reuse;        /* blocks of the running version, if the manifest has an index */
	int reuse_refuse;  /* 1: rather fail than fetch the whole image after all */
	uint64_t check_us; /* 0: only when asked */
	uint64_t stale_us; /* a source may show nothing newer so long; 0: for ever */
	uint64_t defer_us;
	uint64_t manifest_us;        /* for a whole manifest */
	uint32_t spool_max_mib;      /* of all images; 0: what there is room for */
	int device_class;            /* enum device_class */
	uint64_t write_us;           /* ocf-fw-write may be silent so long */
	uint64_t stall_us;           /* an image may come slower than 1 KiB/s so long */
	char windows[CONFIG_LIST];   /* policy_windows_parse() */
	uint32_t rate, metered_rate; /* octets/s; 0: no bound */
	int metered_mode;            /* enum config_metered */
	uint32_t battery_min;        /* percent */
	char power_dir[CONFIG_TEXT];
	int reboot; /* enum config_reboot */
	/* [Trial] */
	int trial_mode; /* enum config_trial */
	uint32_t attempts;
	uint64_t confirm_us;
	bool auto_confirm;
	uint64_t settle_us;
	char health_units[CONFIG_LIST], health_scripts[CONFIG_TEXT];
	int health_secd; /* enum config_health_secd */
	/* [Helpers] */
	char helpers_dir[CONFIG_TEXT], fetch_socket[CONFIG_TEXT], write_socket[CONFIG_TEXT];
	char health_socket[CONFIG_TEXT];
	char fetch_config[CONFIG_TEXT], write_config[CONFIG_TEXT];
};

/* Defaults for what the file does not say; a missing file says nothing. 0; -EINVAL and others:
 * *ret_error says where and why. */
MUST_USE int config_load(struct fwupd_config *ret, const char *path, char *ret_error, size_t room);
/* The sources in their order. */
size_t config_sources(const struct fwupd_config *c, enum config_source ret[CONFIG_SOURCES]);
/* Splits urls into `room`; *ret points into it. */
size_t config_urls(const struct fwupd_config *c, char room[CONFIG_LIST],
		   const char *ret[CONFIG_URLS]);
/* The same of media. */
size_t config_media(const struct fwupd_config *c, char room[CONFIG_LIST],
		    const char *ret[OFFLINE_MEDIA]);
