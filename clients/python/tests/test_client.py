"""The client against a running service (STYLEFORGE_BASE_URL, STYLEFORGE_API_KEY) with images in `pictures/style` and `pictures/aux`."""

import asyncio
import itertools
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any

from styleforge import (
    APIConnectionError,
    AsyncStyleForge,
    AuthenticationError,
    JobError,
    NotFoundError,
    StyleForge,
    StyleForgeError,
    UnprocessableEntityError,
    WaitTimeoutError,
)
from styleforge._files import image_size

STYLE, AUX = "pictures/style", "pictures/aux"
client = StyleForge()


def short(**fields: Any) -> dict[str, Any]:
    return {"hyperparameters": {"max_train_steps": 3}, **fields}


class Blocking(unittest.TestCase):
    def test_trains_in_one_call_and_generates(self) -> None:
        steps: list[int] = []
        job = client.train(
            style_ref=STYLE, aux=AUX, base_model="styleforge-mini", settings=short(), on_progress=lambda seen: steps.append(seen["progress"]["step"])
        )
        self.assertEqual((job["status"], steps[-1]), ("succeeded", 3))
        events = list(client.training_job_events(job["id"]))
        numbers = [event["sequence"] for event in events if "sequence" in event]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertEqual(events[-1]["type"], "job.succeeded")
        resumed = [event["sequence"] for event in client.training_job_events(job["id"], after=2) if "sequence" in event]
        self.assertEqual(resumed, numbers[2:])
        generation = client.wait_for_generation(client.create_generation(model=job["id"], prompts=["a photo of zwx style, house"])["id"])
        with tempfile.TemporaryDirectory() as folder:
            path = client.download(generation["images"][0]["url"], Path(folder, "house.png"))
            self.assertEqual(image_size(path), (32, 32))
        self.assertEqual(client.get_image(generation["images"][0]["id"])[:4], b"\x89PNG")

    def test_uploads_and_tells_of_refused_files(self) -> None:
        dataset = client.create_dataset(name="python", kind="style_ref")
        words = Path("words.png")
        words.write_text("these are words")
        result = client.upload(dataset["id"], [STYLE, words], component="person")
        self.assertEqual((result["kept"], result["refused"]), (4, 1))
        images = client.get_dataset(dataset["id"])["images"]
        self.assertEqual({image["component"] for image in images}, {"person"})
        client.set_dataset_captions(dataset["id"], captions=[{"image_id": images[0]["id"], "caption": "a disc"}])
        self.assertEqual(client.get_dataset(dataset["id"])["images"][0]["caption"], "a disc")
        client.delete_dataset(dataset["id"])
        with self.assertRaises(NotFoundError):
            client.get_dataset(dataset["id"])

    def test_sends_images_straight_to_the_store(self) -> None:
        dataset = client.create_dataset(name="direct", kind="style_ref")
        with tempfile.TemporaryDirectory() as folder:
            caption = Path(folder, Path(next(Path(STYLE).iterdir())).stem + ".txt")
            caption.write_text("a disc of the store")
            result = client.upload(dataset["id"], [STYLE, caption], component="person", direct=True)
        self.assertEqual((result["kept"], result["captions"], result["refused"]), (4, 1, 0))
        images = client.get_dataset(dataset["id"])["images"]
        self.assertEqual({image["component"] for image in images}, {"person"})
        self.assertIn("a disc of the store", [image["caption"] for image in images])
        client.delete_dataset(dataset["id"])

    def test_goes_through_all_pages(self) -> None:
        made = {client.create_dataset(name=f"page {number}", kind="aux")["id"] for number in range(3)}
        listed = [dataset["id"] for dataset in client.iter_datasets(limit=2)]
        self.assertTrue(made <= set(listed))
        self.assertEqual(len(listed), len(set(listed)))

    def test_a_repeated_request_makes_one_thing(self) -> None:
        first, second = (client.create_dataset(name="once", kind="aux", idempotency_key="python-once") for _ in range(2))
        self.assertEqual(first, second)

    def test_errors_have_codes_and_fields(self) -> None:
        with self.assertRaises(UnprocessableEntityError) as refused:
            client.create_dataset(name="", kind="aux")
        self.assertEqual((refused.exception.code, refused.exception.errors[0]["pointer"]), ("validation_failed", "/name"))
        self.assertRegex(refused.exception.request_id or "", "^req_")
        with self.assertRaises(AuthenticationError):
            StyleForge(api_key="sf_wrong").get_me()
        with self.assertRaises(APIConnectionError):
            StyleForge(base_url="http://127.0.0.1:9", max_retries=0).get_me()

    def test_refuses_small_images_before_anything_is_uploaded(self) -> None:
        before = len(list(client.iter_datasets()))
        with self.assertRaisesRegex(StyleForgeError, r"1\.png is \d+x\d+, .*and 1 more\. Give larger images"):
            client.train(style_ref=STYLE, aux=AUX, base_model="styleforge-mini", settings={"hyperparameters": {"resolution": 512}})
        self.assertEqual(len(list(client.iter_datasets())), before)

    def test_waiting_ends_by_time_and_by_failure(self) -> None:
        job = client.train(style_ref=STYLE, base_model="styleforge-mini", wait=False, settings={"hyperparameters": {"max_train_steps": 100_000}})
        with self.assertRaises(WaitTimeoutError):
            client.wait_for_training_job(job["id"], timeout=0.2, poll_interval=0.1)
        client.cancel_training_job(job["id"])
        with self.assertRaises(JobError) as ended:
            client.wait_for_training_job(job["id"])
        self.assertEqual(ended.exception.subject["status"], "cancelled")


class Asynchronous(unittest.IsolatedAsyncioTestCase):
    async def test_does_the_same_awaited_and_at_the_same_time(self) -> None:
        async with AsyncStyleForge() as asynchronous:
            async def watch() -> list[str]:
                seen: list[str] = []
                async for event in asynchronous.events(types=["training_job.*"]):
                    seen.append(event["type"])
                    if event["type"] == "training_job.succeeded":
                        break
                return seen

            watching = asyncio.create_task(watch())
            await asyncio.sleep(1)
            job = await asynchronous.train(style_ref=STYLE, base_model="styleforge-mini", settings=short())
            self.assertEqual(job["status"], "succeeded")
            self.assertIn("training_job.running", await asyncio.wait_for(watching, 60))
            jobs, me = await asyncio.gather(asynchronous.list_training_jobs(limit=1), asynchronous.get_me())
            self.assertEqual((jobs["data"][0]["id"], me["service"]["version"] != ""), (job["id"], True))
            listed = [checkpoint["step"] async for checkpoint in asynchronous.iter_checkpoints(job["id"])]
            self.assertEqual(listed, [3])
            last = [event async for event in asynchronous.training_job_events(job["id"])][-1]
            self.assertEqual(last["type"], "job.succeeded")


class Operations(unittest.TestCase):
    def test_both_clients_have_the_same_methods(self) -> None:
        from styleforge._generated.async_operations import AsyncOperations
        from styleforge._generated.sync_operations import Operations

        names = [{name for name in vars(kind) if not name.startswith("__")} for kind in (Operations, AsyncOperations)]
        self.assertEqual(names[0], names[1])
        self.assertGreater(len(names[0]), 70)

    def test_measures_images_of_every_kind(self) -> None:
        folder = os.environ.get("STYLEFORGE_TEST_IMAGES", "")
        found = {path.name: image_size(path) for path in Path(folder).glob("sized.*")} if folder else {}
        self.assertEqual(set(itertools.chain(found.values())), {(48, 40)} if folder else set())


if __name__ == "__main__":
    unittest.main()
