"""What schemathesis checks beside its own: no answer is a fault of the server's. That an outside system does not answer is none."""

import schemathesis


@schemathesis.check
def no_fault_of_the_server(ctx, response, case):
    away = response.status_code == 503 and response.json().get("error") == "connector_unavailable"
    assert response.status_code < 500 or away, f"a fault of the server's: {response.status_code} {response.text[:500]}"
