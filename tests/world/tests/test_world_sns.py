"""Text messages by the SNS simulator, sent as AWS clients send them."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import boto3  # type: ignore[import-untyped] # its stubs are a package of their own
import httpx
import pytest
from botocore.config import Config  # type: ignore[import-untyped] # as boto3
from botocore.exceptions import ClientError  # type: ignore[import-untyped] # as boto3
from whatsapp_world.clock import Clock
from whatsapp_world.http_server import Endpoint
from whatsapp_world.sns.app import SmsGateway, build_app

Serve = Callable[..., AbstractAsyncContextManager[str]]
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=lab/20250123/us-east-1/sns/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=00",
    "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
}


class Certificate(Protocol):
    @property
    def cert(self) -> Path: ...
    @property
    def key(self) -> Path: ...


@pytest.fixture
def gateway(clock: Clock) -> SmsGateway:
    return SmsGateway(clock)


def sns_client(url: str, ca_file: Path) -> Any:  # noqa: ANN401 - boto3 builds its clients' classes at run time
    return boto3.client(
        "sns",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="lab",
        aws_secret_access_key="lab",
        verify=str(ca_file),
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


async def test_publishes_a_text_message(serve: Serve, gateway: SmsGateway, certificate: Certificate) -> None:
    endpoint = Endpoint(tls_cert=certificate.cert, tls_key=certificate.key)
    async with serve(build_app(gateway), endpoint) as url:
        sns = sns_client(url, certificate.cert)
        answer = await asyncio.to_thread(sns.publish, PhoneNumber="+51987654321", Message="API caída")
        sns.close()

    page = gateway.sms.page(10)
    assert answer["MessageId"]
    assert page == {
        "items": [
            {
                "received_at": "2025-01-23T14:30:00.000Z",
                "phone_number": "+51987654321",
                "message": "API caída",
            }
        ],
        "total": 1,
    }


async def test_refused_numbers_are_not_recorded(
    serve: Serve, gateway: SmsGateway, certificate: Certificate
) -> None:
    endpoint = Endpoint(tls_cert=certificate.cert, tls_key=certificate.key)
    async with serve(build_app(gateway), endpoint) as url:
        sns = sns_client(url, certificate.cert)
        with pytest.raises(ClientError) as refusal:
            await asyncio.to_thread(sns.publish, PhoneNumber="nobody", Message="x")
        sns.close()

    assert refusal.value.response["Error"]["Code"] == "InvalidParameter"
    assert gateway.sms.total == 0


async def test_form_requests_are_read_back_and_forgotten(
    serve: Serve, gateway: SmsGateway, client: httpx.AsyncClient
) -> None:
    form = {
        "Action": "Publish",
        "Version": "2010-03-31",
        "PhoneNumber": "+51911111111",
        "Message": "hola",
        "Subject": "FIRING",
    }
    async with serve(build_app(gateway)) as url:
        published = await client.post(url, data=form, headers=SIGNED)
        page = (await client.get(f"{url}/_lab/sms")).json()
        await client.delete(f"{url}/_lab/messages")
        empty = (await client.get(f"{url}/_lab/sms")).json()

    assert published.status_code == 200
    assert "<MessageId>" in published.text
    assert [item["message"] for item in page["items"]] == ["hola"]
    assert empty == {"items": [], "total": 0}


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer x", SIGNED["Authorization"].replace("/sns/", "/s3/")],
)
async def test_unsigned_requests_are_refused(
    serve: Serve, gateway: SmsGateway, client: httpx.AsyncClient, authorization: str
) -> None:
    form = {"Action": "Publish", "PhoneNumber": "+51911111111", "Message": "hola"}
    async with serve(build_app(gateway)) as url:
        answer = await client.post(url, data=form, headers={**SIGNED, "Authorization": authorization})

    assert answer.status_code == 403
    assert "<Code>MissingAuthenticationToken</Code>" in answer.text
    assert gateway.sms.total == 0


async def test_huge_requests_are_refused(
    serve: Serve, gateway: SmsGateway, client: httpx.AsyncClient
) -> None:
    async with serve(build_app(gateway)) as url:
        answer = await client.post(url, content=b"x" * (64 * 1024 + 1), headers=SIGNED)

    assert answer.status_code == 413
