let presses = 0;
document.getElementById("press").addEventListener("click", (event) => {
  presses += 1;
  const trust = event.isTrusted ? "really" : "by script";
  document.getElementById("count").textContent = `Pressed ${presses} times, ${trust}`;
});
