// Lists the courses and enrols. A request that fails is sent again with the same Idempotency-Key, so that nobody is enrolled twice.
const status = document.querySelector("#status");
const table = document.querySelector("#courses");
const student = document.querySelector("#student");

function say(text, trouble = false) {
  status.textContent = text;
  status.classList.toggle("trouble", trouble);
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// ask repeats a request until the server answers it, for a minute.
async function ask(path, options = {}) {
  const end = Date.now() + 60_000;
  for (;;) {
    let wait = 2;
    try {
      const answer = await fetch(path, options);
      if (answer.status < 500) {
        const body = await answer.json();
        if (!answer.ok) throw Object.assign(new Error(body.detail), { refused: true });
        return body;
      }
      wait = Number(answer.headers.get("Retry-After")) || wait;
    } catch (error) {
      if (error.refused) throw error;
    }
    if (Date.now() > end) throw new Error("The site cannot be reached. Please try again later.");
    say("The site does not answer right now. Trying again…", true);
    await pause(wait * (0.5 + Math.random()));
  }
}

async function list() {
  const { courses } = await ask("/courses");
  table.tBodies[0].replaceChildren(...courses.map((course) => {
    const row = document.createElement("tr");
    row.insertCell().textContent = course.title;
    const enrolled = row.insertCell();
    enrolled.textContent = course.enrolled;
    enrolled.className = "number";
    const button = document.createElement("button");
    button.textContent = "Enroll";
    button.addEventListener("click", () => enrol(course, button));
    row.insertCell().append(button);
    return row;
  }));
  table.hidden = false;
}

async function enrol(course, button) {
  if (!student.reportValidity()) return;
  button.disabled = true;
  try {
    await ask("/enrolments", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
      body: JSON.stringify({ course: course.id, student: student.value }),
    });
    await list();
    say(`${student.value} is enrolled in ${course.title}.`);
  } catch (error) {
    say(error.message, true);
  } finally {
    button.disabled = false;
  }
}

document.querySelector("#who").addEventListener("submit", (event) => event.preventDefault());
try {
  await list();
  say("");
} catch (error) {
  say(error.message, true);
}
