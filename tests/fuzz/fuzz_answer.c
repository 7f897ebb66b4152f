/* What a device answers: each reader takes or refuses it, and never more than its limits. */
#include "fuzz.h"

#include <stdlib.h>

#include "obt/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size);
	struct answer_pstat pstat;
	struct answer_doxm doxm;
	struct answer_res res;
	struct answer_d d;
	struct answer_p p;

	if (answer_doxm(body, &doxm) == CBR_OK && doxm.n_oxms > ANSWER_OXMS_MAX)
		abort();
	if (answer_pstat(body, &pstat) == CBR_OK && pstat.state > 4)
		abort();
	if (answer_res(body, &res) == CBR_OK)
		for (size_t i = 0; i < res.n_eps; i++)
			if (res.eps[i].ptr < data || res.eps[i].ptr + res.eps[i].len > data + size)
				abort();
	if (answer_d(body, &d) == CBR_OK && strlen(d.name) > ANSWER_NAME_MAX)
		abort();
	if (answer_p(body, &p) == CBR_OK && strlen(p.model) > ANSWER_NAME_MAX)
		abort();
	return 0;
}
