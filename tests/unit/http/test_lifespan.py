from mnist_api.http.lifespan import example_call


def test_the_example_goes_to_where_the_service_listens() -> None:
    assert example_call("127.0.0.1:8000").startswith("curl http://127.0.0.1:8000/predict/ ")


def test_where_it_listens_on_all_addresses_the_example_takes_the_loopback() -> None:
    assert example_call("0.0.0.0:80").startswith("curl http://127.0.0.1:80/predict/ ")
    assert example_call("[::]:80").startswith("curl http://[::1]:80/predict/ ")


def test_a_unix_socket_is_named_as_curl_wants_it() -> None:
    assert example_call("unix:/run/api.sock").startswith(
        "curl --unix-socket /run/api.sock http://localhost/predict/ "
    )
