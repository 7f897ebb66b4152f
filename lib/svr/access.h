/* lib/svr/access.h - who may do what: OCF Security 12 and the state columns of 13. */
#pragma once

#include "svr/requester.h"

/* Security virtual, other configuration, and application resources. */
enum res_kind { RES_SVR, RES_DCR, RES_NCR };

/* What of a resource matters to access. */
struct target {
	const char *href;
	enum res_kind kind;
	enum owner owner; /* whose rowneruuid rules it; OWNER_NONE: nobody's */
	unsigned always;  /* METHOD_BIT()s open to anyone in every state */
	unsigned anyone;  /* METHOD_BIT()s open to anyone in RFOTM before there is a DOC */
	bool any_session; /* open to every secured session of an owned device */
	/* RES_NCR: how wildcards see it. RES_DCR: `secure` keeps unsecured requests out. */
	bool discoverable, secure, clear;
};
#define METHOD_BIT(m) (1u << (m))

enum access {
	ACCESS_NONE,
	ACCESS_DOS, /* pstat by another resource owner: dos, om and tm only */
	ACCESS_FULL,
};
enum access access_decide(const struct device *dev, const struct requester *who,
			  const struct target *t);

/* The properties that are ever writable. */
enum property {
	DOXM_OXMSEL,
	DOXM_OWNED,
	DOXM_DEVICEUUID,
	DOXM_DEVOWNERUUID,
	DOXM_ROWNERUUID,
	PSTAT_DOS,
	PSTAT_OM,
	PSTAT_TM,
	PSTAT_ROWNERUUID,
	CRED_CREDS,
	CRED_ROWNERUUID,
	CRED_OWNER_KEY, /* a key to be derived rather than given */
	CRL_CRLID,
	CRL_THISUPDATE,
	CRL_CRLDATA,
	ACL2_ACLIST2,
	ACL2_ROWNERUUID,
	SDI_UUID,
	SDI_NAME,
	SDI_PRIV,
	SP_SUPPORTED,
	SP_CURRENT,
	AEL_CATEGORIES,
	AEL_PRIORITY,
	PROPERTY_COUNT,
};
#define PROP_BIT(p) (1u << (p))

/* True if the present state lets the requester, who has `access` to the resource, write all of
 * `properties` (PROP_BIT()s). */
MUST_USE bool access_may_write(const struct device *dev, const struct requester *who,
			       enum access access, unsigned properties);
